import process from 'node:process'
import { type KafkaConnection, readKafkaConnection } from '@darkroom/kafka-connection'
import { EventSourceError } from './event-source-error.ts'

/** The only file that reads the environment, apart from the AWS SDK. An empty variable counts as not set. */
export function readEnvironment() {
  const { AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_SQS, AWS_ENDPOINT_URL_SNS, AWS_ENDPOINT_URL_S3, AWS_REGION } =
    setVariables()
  return {
    region: AWS_REGION,
    sqsEndpoint: AWS_ENDPOINT_URL_SQS ?? AWS_ENDPOINT_URL,
    snsEndpoint: AWS_ENDPOINT_URL_SNS ?? AWS_ENDPOINT_URL,
    s3Endpoint: AWS_ENDPOINT_URL_S3 ?? AWS_ENDPOINT_URL,
  }
}

function setVariables(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([, value]) => value !== ''))
}

/** Credentials come from the environment, because `accessConfigurations` refer to secrets in AWS. */
export function readConnection(bootstrapServers: string[]): KafkaConnection {
  try {
    return readKafkaConnection(setVariables(), bootstrapServers)
  } catch (cause) {
    throw new EventSourceError('invalid-environment', (cause as Error).message, { cause })
  }
}
