import process from 'node:process'

/** The only place that reads the environment; the AWS SDK reads its own variables by itself. */
export function readEnvironment() {
  const { AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_SQS, AWS_ENDPOINT_URL_S3, AWS_REGION } = process.env
  return {
    region: AWS_REGION,
    sqsEndpoint: AWS_ENDPOINT_URL_SQS || AWS_ENDPOINT_URL,
    s3Endpoint: AWS_ENDPOINT_URL_S3 || AWS_ENDPOINT_URL,
  }
}
