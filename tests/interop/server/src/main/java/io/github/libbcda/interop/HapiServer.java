package io.github.libbcda.interop;

import ca.uhn.fhir.batch2.api.IJobMaintenanceService;
import ca.uhn.fhir.batch2.jobs.export.BulkDataExportProvider;
import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.jpa.provider.JpaSystemProvider;
import ca.uhn.fhir.rest.api.EncodingEnum;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/**
 * A HAPI FHIR server with Bulk Data export and an empty database in memory, on a free port of the loopback interface.
 * It prints the URL of its FHIR base when it is ready, and stops at the end of its standard input.
 */
final class HapiServer {
  private static final String LOOPBACK = "127.0.0.1";
  private static final String BASE_PATH = "/fhir";

  private HapiServer() {}

  public static void main(String[] arguments) throws Exception {
    try (AnnotationConfigApplicationContext beans = new AnnotationConfigApplicationContext(HapiBeans.class)) {
      Server server = serve(beans);
      ScheduledExecutorService maintenance = stepJobs(beans.getBean(IJobMaintenanceService.class));
      System.out.println("http://" + LOOPBACK + ":" + server.getURI().getPort() + BASE_PATH);
      awaitEndOfInput();
      maintenance.shutdownNow();
      server.stop();
    }
    System.exit(0); // some of HAPI's threads outlive its beans
  }

  private static Server serve(AnnotationConfigApplicationContext beans) throws Exception {
    ServletContextHandler handler = new ServletContextHandler();
    handler.addServlet(new ServletHolder(servlet(beans)), BASE_PATH + "/*");
    Server server = new Server(new InetSocketAddress(LOOPBACK, 0));
    server.setHandler(handler);
    server.start();
    return server;
  }

  private static RestfulServer servlet(AnnotationConfigApplicationContext beans) {
    RestfulServer servlet = new RestfulServer(beans.getBean(FhirContext.class));
    servlet.setDefaultResponseEncoding(EncodingEnum.JSON);
    servlet.registerProviders(beans.getBean(ResourceProviderFactory.class).createProviders());
    servlet.registerProvider(beans.getBean(JpaSystemProvider.class));
    servlet.registerProvider(beans.getBean(BulkDataExportProvider.class));
    return servlet;
  }

  /** HAPI moves a job to its next step once a minute. Twice a second, an export takes seconds instead of minutes. */
  private static ScheduledExecutorService stepJobs(IJobMaintenanceService service) {
    ScheduledExecutorService executor = Executors.newSingleThreadScheduledExecutor();
    executor.scheduleWithFixedDelay(() -> step(service), 0, 500, TimeUnit.MILLISECONDS);
    return executor;
  }

  /** An exception would end the schedule. */
  private static void step(IJobMaintenanceService service) {
    try {
      service.runMaintenancePass();
    } catch (RuntimeException failure) {
      failure.printStackTrace();
    }
  }

  private static void awaitEndOfInput() throws IOException {
    while (System.in.read() != -1) {
      // what comes means nothing
    }
  }
}
