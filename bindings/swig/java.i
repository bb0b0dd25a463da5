/* Java: a string is passed as a byte[], because NewStringUTF corrupts characters outside the BMP and stops at a NUL. A
 * handle is a long. An error is thrown as the BcdaException of its status. The generated classes are package-private;
 * the public classes are written by hand (bindings/java). */
%module Native

%{
#include "java.hpp"
%}

%pragma(java) moduleclassmodifiers="final class"
%pragma(java) jniclassclassmodifiers="final class"
%pragma(java) jniclasscode=%{
  static {
    NativeLibrary.load();
  }
%}

%exception {
  try {
    $action
  } catch (...) {
    bcda_java::throw_current(jenv);
    return $null;
  }
}

/* ---- Handles ---- */
%define %bcda_handle(TYPE)
%typemap(jni) TYPE*, TYPE&, const TYPE& "jlong"
%typemap(jtype) TYPE*, TYPE&, const TYPE& "long"
%typemap(jstype) TYPE*, TYPE&, const TYPE& "long"
%typemap(javain) TYPE*, TYPE&, const TYPE& "$javainput"
%typemap(javaout) TYPE* { return $jnicall; }
%typemap(in) TYPE* { $1 = reinterpret_cast<TYPE*>($input); }
%typemap(in) TYPE&, const TYPE& {
  if (!bcda_java::is_open(jenv, $input)) return $null;
  $1 = reinterpret_cast<TYPE*>($input);
}
%typemap(out) TYPE* { $result = reinterpret_cast<jlong>($1); }
%enddef

/* ---- Strings and bytes ---- */
%typemap(jni) bcda_flat::Text, const bcda_flat::Text& "jbyteArray"
%typemap(jtype) bcda_flat::Text, const bcda_flat::Text& "byte[]"
%typemap(jstype) bcda_flat::Text, const bcda_flat::Text& "String"
%typemap(javain) const bcda_flat::Text& "Utf8.encode($javainput)"
%typemap(javaout) bcda_flat::Text { return Utf8.decode($jnicall); }
%typemap(in) const bcda_flat::Text& (bcda_java::Argument argument) {
  if (!bcda_java::read(jenv, $input, argument.text)) return $null;
  $1 = &argument.text;
}
%typemap(out) bcda_flat::Text { $result = bcda_java::bytes(jenv, $1.data(), $1.size()); }

%typemap(jni) bcda_flat::Bytes "jbyteArray"
%typemap(jtype) bcda_flat::Bytes "byte[]"
%typemap(jstype) bcda_flat::Bytes "byte[]"
%typemap(javaout) bcda_flat::Bytes { return $jnicall; }
%typemap(out) bcda_flat::Bytes {
  $result = $1.data ? bcda_java::bytes(jenv, $1.data, static_cast<size_t>($1.size)) : nullptr;
}

%include "common.i"
