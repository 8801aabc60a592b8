import { readKafkaConnection } from '@darkroom/kafka-connection'

/** Connection settings of `@platformatic/kafka`, from the KAFKA_… variables. */
export function connectionTo(brokers: string) {
  return readKafkaConnection({ ...process.env, KAFKA_BROKERS: brokers })
}

/** The same settings for librdkafka. https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md */
export function librdkafkaSettings(brokers: string): Record<string, string> {
  const { tls, sasl } = connectionTo(brokers)
  return {
    'security.protocol': `${sasl ? 'SASL_' : ''}${tls ? 'SSL' : 'PLAINTEXT'}`,
    ...(tls?.ca && { 'ssl.ca.pem': tls.ca }),
    ...(sasl && {
      'sasl.mechanism': sasl.mechanism,
      'sasl.username': sasl.username,
      'sasl.password': sasl.password,
    }),
  }
}
