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

/** How to reach Kafka: packages/kafka-connection knows the variables. */
export function kafkaVariables(): NodeJS.ProcessEnv {
  return setVariables()
}

function setVariables(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([, value]) => value !== ''))
}
