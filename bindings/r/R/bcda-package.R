#' @useDynLib bcda
#' @keywords internal
"_PACKAGE"
