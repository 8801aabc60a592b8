import { type KafkaConnection, readKafkaConnection } from '@darkroom/kafka-connection'
import { kafkaVariables } from '../environment.ts'
import { EventSourceError } from '../event-source-error.ts'

/** Access as the environment says, since `accessConfigurations` name secrets in AWS. */
export function readConnection(bootstrapServers: string[]): KafkaConnection {
  try {
    return readKafkaConnection(kafkaVariables(), bootstrapServers)
  } catch (cause) {
    throw new EventSourceError('invalid-environment', (cause as Error).message, { cause })
  }
}
