import process from 'node:process'

/** The only place that reads the environment; the AWS SDK reads its own variables by itself. Empty is not set. */
export function readEnvironment() {
  const { AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_SQS, AWS_ENDPOINT_URL_S3, AWS_REGION } = setVariables()
  return {
    region: AWS_REGION,
    sqsEndpoint: AWS_ENDPOINT_URL_SQS ?? AWS_ENDPOINT_URL,
    s3Endpoint: AWS_ENDPOINT_URL_S3 ?? AWS_ENDPOINT_URL,
  }
}

/** How to reach Kafka. */
export function readKafkaEnvironment() {
  const { KAFKA_BROKERS, KAFKA_SECURITY_PROTOCOL, KAFKA_SASL_MECHANISM } = setVariables()
  const { KAFKA_USERNAME, KAFKA_PASSWORD, KAFKA_SSL_CA } = setVariables()
  return {
    brokers: KAFKA_BROKERS,
    securityProtocol: KAFKA_SECURITY_PROTOCOL,
    saslMechanism: KAFKA_SASL_MECHANISM,
    username: KAFKA_USERNAME,
    password: KAFKA_PASSWORD,
    sslCa: KAFKA_SSL_CA,
  }
}

function setVariables(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([, value]) => value !== ''))
}
