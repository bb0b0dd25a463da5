package io.github.libbcda.interop;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import java.io.IOException;

/**
 * Makes every Retry-After one second. HAPI always says 120, and a client that obeys, as libbcda does, would wait two
 * minutes for a job of three seconds. This header is all in which the server differs from HAPI itself.
 */
final class ShortRetryAfter extends HttpFilter {
  private static final long serialVersionUID = 1;

  @Override
  protected void doFilter(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    chain.doFilter(request, new Shortened(response));
  }

  private static final class Shortened extends HttpServletResponseWrapper {
    Shortened(HttpServletResponse response) {
      super(response);
    }

    @Override
    public void setHeader(String name, String value) {
      super.setHeader(name, shortened(name, value));
    }

    @Override
    public void addHeader(String name, String value) {
      super.addHeader(name, shortened(name, value));
    }

    private static String shortened(String name, String value) {
      return name.equalsIgnoreCase("Retry-After") ? "1" : value;
    }
  }
}
