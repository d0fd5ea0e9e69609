package registry;

import java.io.IOException;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.cloud.netflix.eureka.server.EnableEurekaServer;

/** The real thing, which ends with whoever started it; what else is here only opens doors to it. */
@SpringBootApplication
@EnableEurekaServer
public class Registry {
    public static void main(String[] words) {
        Thread parent = new Thread(Registry::endWithParent);
        parent.setDaemon(true);
        parent.start();
        SpringApplication.run(Registry.class, words);
    }

    /** Standard input ends when the process does that holds its other end, however that one ended. */
    private static void endWithParent() {
        try {
            while (System.in.read() >= 0) {}
        } catch (IOException gone) {
            // It is over then, too.
        }
        Runtime.getRuntime().halt(0);
    }
}
