/* A stub of the system's unwinder, libgcc_s.so.1, to link with. zig would link an unwinder of its own, which does not
   know the frames of others. An exception of a program that passes through one of our frames would then end the
   process, and so would pthread_exit in a callback. */
#define STUB(name) void name(void) {}
STUB(_Unwind_Backtrace)
STUB(_Unwind_DeleteException)
STUB(_Unwind_FindEnclosingFunction)
STUB(_Unwind_ForcedUnwind)
STUB(_Unwind_GetCFA)
STUB(_Unwind_GetDataRelBase)
STUB(_Unwind_GetGR)
STUB(_Unwind_GetIP)
STUB(_Unwind_GetIPInfo)
STUB(_Unwind_GetLanguageSpecificData)
STUB(_Unwind_GetRegionStart)
STUB(_Unwind_GetTextRelBase)
STUB(_Unwind_RaiseException)
STUB(_Unwind_Resume)
STUB(_Unwind_Resume_or_Rethrow)
STUB(_Unwind_SetGR)
STUB(_Unwind_SetIP)
