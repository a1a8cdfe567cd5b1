package dev.keybus;

import java.net.URI;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.regions.Region;

/** How the SDK's clients are made where none is given. Credentials are the SDK's own matter. */
final class Aws {

  private Aws() {}

  static void configure(AwsClientBuilder<?, ?> builder, URI endpoint, String region) {
    if (endpoint != null) {
      builder.endpointOverride(endpoint);
    }
    if (region != null) {
      builder.region(Region.of(region));
    }
  }
}
