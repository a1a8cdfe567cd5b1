/**
 * What generated event classes are made of, and a thin publisher and subscriber for them over the
 * AWS SDK's EventBridge and SQS clients.
 */
package dev.keybus;
