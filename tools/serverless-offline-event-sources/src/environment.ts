import process from 'node:process'
import { readAllowedHosts } from '@darkroom/core'
import { type KafkaConnection, readKafkaConnection } from '@darkroom/kafka-connection'
import { EventSourceError } from './event-source-error.ts'

/** The only file that reads the environment, apart from the AWS SDK. An empty variable counts as not set. */
export function readEnvironment() {
  const variables = setVariables()
  const endpointOf = (service: string) =>
    variables[`AWS_ENDPOINT_URL_${service}`] ?? variables.AWS_ENDPOINT_URL
  return {
    region: variables.AWS_REGION,
    allowedHosts: readAllowedHosts(variables.ALLOWED_HOSTS),
    sqsEndpoint: endpointOf('SQS'),
    snsEndpoint: endpointOf('SNS'),
    s3Endpoint: endpointOf('S3'),
    dynamodbEndpoint: endpointOf('DYNAMODB'),
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
