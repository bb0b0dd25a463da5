library(testthat)
library(bcda)

test_check("bcda")
