# The help pages.

test_that("no page sends its reader below to nothing", {
  pages <- tools::Rd_db("bcda")
  expect_gt(length(pages), 10)
  for (name in names(pages)) {
    text <- paste(as.character(pages[[name]]), collapse = "")
    expect_no_match(text, "\\b(see|described|listed|explained) (below|above)\\b", label = name)
  }
})
