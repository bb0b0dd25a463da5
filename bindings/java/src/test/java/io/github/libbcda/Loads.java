package io.github.libbcda;

/** Loads the native library, once more for each jar that is given: {@code Loads [JAR...]}. {@link LoaderIT} runs it. */
final class Loads {
  private Loads() {}

  public static void main(String[] jars) throws Exception {
    System.out.println(Bcda.version());
    for (String jar : jars) {
      java.net.URL[] urls = {java.nio.file.Path.of(jar).toUri().toURL()};
      Class<?> loaded = new java.net.URLClassLoader(urls, null).loadClass(Bcda.class.getName());
      System.out.println(loaded.getMethod("version").invoke(null));
    }
  }
}
