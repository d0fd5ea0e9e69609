package registry;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import org.apache.catalina.connector.Connector;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.web.embedded.tomcat.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Three ways in to one registry, so that the tests start one machine only: server.port has TLS and asks for a user,
 * doors.plain is as Spring serves it, and doors.netflix as Netflix's own does: below /eureka/v2, and here in XML only.
 */
@Configuration
public class Doors {
    @Value("${doors.plain}")
    private int plain;

    @Value("${doors.netflix}")
    private int netflix;

    @Bean
    public WebServerFactoryCustomizer<TomcatServletWebServerFactory> doorsWithoutTls() {
        return factory -> factory.addAdditionalTomcatConnectors(door(plain), door(netflix));
    }

    private Connector door(int port) {
        Connector connector = new Connector();
        connector.setPort(port);
        connector.setProperty("address", "127.0.0.1");
        return connector;
    }

    @Bean
    public SecurityFilterChain usersWhereThereIsTls(HttpSecurity security) throws Exception {
        return security
            .csrf(csrf -> csrf.disable())
            .httpBasic(Customizer.withDefaults())
            .authorizeHttpRequests(rules -> rules
                .requestMatchers(request -> !request.isSecure()).permitAll()
                .anyRequest().hasRole("READER"))
            .build();
    }

    @Bean
    public UserDetailsService users() {
        return new InMemoryUserDetailsManager(
            User.withUsername("reader").password("{noop}pass:wörd").roles("READER").build(),
            User.withUsername("stranger").password("{noop}stranger").roles("NOBODY").build());
    }

    @Bean
    public FilterRegistrationBean<NetflixPaths> netflixPaths() {
        FilterRegistrationBean<NetflixPaths> registration = new FilterRegistrationBean<>(new NetflixPaths());
        registration.setOrder(Ordered.HIGHEST_PRECEDENCE);
        return registration;
    }

    private class NetflixPaths extends OncePerRequestFilter {
        @Override
        protected boolean shouldNotFilter(HttpServletRequest request) {
            return request.getLocalPort() != netflix;
        }

        @Override
        protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
                throws ServletException, IOException {
            if (request.getRequestURI().startsWith("/eureka/v2/")) {
                chain.doFilter(new BelowVersion(request), response);
            } else {
                response.sendError(HttpServletResponse.SC_NOT_FOUND);
            }
        }
    }

    private static class BelowVersion extends HttpServletRequestWrapper {
        BelowVersion(HttpServletRequest request) {
            super(request);
        }

        @Override
        public String getRequestURI() {
            return super.getRequestURI().replaceFirst("/v2/", "/");
        }

        @Override
        public String getServletPath() {
            return super.getServletPath().replaceFirst("/v2/", "/");
        }

        @Override
        public StringBuffer getRequestURL() {
            return new StringBuffer(super.getRequestURL().toString().replaceFirst("/v2/", "/"));
        }

        @Override
        public String getHeader(String name) {
            return name.equalsIgnoreCase("Accept") ? "application/xml" : super.getHeader(name);
        }

        @Override
        public Enumeration<String> getHeaders(String name) {
            return name.equalsIgnoreCase("Accept")
                ? Collections.enumeration(List.of("application/xml"))
                : super.getHeaders(name);
        }
    }
}
