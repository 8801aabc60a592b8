import type { EventSource, OpenEventSource, SourceContext } from '../event-source.ts'
import { EventSourceError } from '../event-source-error.ts'
import { KafkaSource } from './kafka-source.ts'
import type { KafkaMapping, StartingPosition } from './mapping.ts'
import {
  type KafkaEventDefinition,
  kafkaMappingLogicalId,
  type MappingProperties,
  type MskEventDefinition,
  mskMappingLogicalId,
  readKafkaEventDefinition,
  readMappingProperties,
  readMskEventDefinition,
} from './mapping.ts'

/** Lambda's default for Kafka. An event's 0 means the default too, because the framework then omits the property. */
const DEFAULT_WINDOW_SECONDS = 0.5

/** Lambda's default if there is a destination; otherwise it retries until the records expire. */
const DEFAULT_RETRIES_WITH_DESTINATION = 10

/** `kafka` events: self-managed clusters. */
export const openKafkaSource: OpenEventSource = (definition, context) => {
  const event = readKafkaEventDefinition(definition, context.functionKey)
  const logicalId = kafkaMappingLogicalId(context.functionKey, event.topic)
  return open(event, logicalId, event.onFailureDestination, context, {
    eventSource: 'SelfManagedKafka',
    bootstrapServers: event.bootstrapServers,
  })
}

/** `msk` events. Only AWS can resolve the brokers of a cluster ARN, so `KAFKA_BROKERS` must be set. */
export const openMskSource: OpenEventSource = (definition, context) => {
  const event = readMskEventDefinition(definition, context.functionKey)
  const logicalId = mskMappingLogicalId(context.functionKey, clusterToken(event.arn), event.topic)
  return open(event, logicalId, undefined, context, {
    eventSource: 'aws:kafka',
    eventSourceArn: clusterArn(event.arn, context),
    bootstrapServers: [],
  })
}

function open(
  event: KafkaEventDefinition | MskEventDefinition,
  logicalId: string,
  onFailureDestination: unknown,
  context: SourceContext,
  cluster: Pick<KafkaMapping, 'eventSource' | 'eventSourceArn' | 'bootstrapServers'>,
): EventSource | undefined {
  const label = `${event.topic} → ${context.functionKey}`
  if (!event.enabled) {
    context.log.notice(`${label} is disabled`)
    return undefined
  }
  if (event.filterPatterns) {
    context.log.warning(
      `${label}: filterPatterns are not supported locally. The function receives every record.`,
    )
  }
  const properties = readMappingProperties(logicalId, context)
  const destination =
    properties.DestinationConfig?.OnFailure.Destination ?? context.resolve(onFailureDestination)
  return new KafkaSource(
    {
      ...cluster,
      topic: event.topic,
      groupId: event.consumerGroupId ?? context.functionName,
      startingPosition: startingPositionOf(event),
      batchSize: properties.BatchSize ?? event.batchSize,
      batchingWindowSeconds:
        properties.MaximumBatchingWindowInSeconds ?? (event.maximumBatchingWindow || DEFAULT_WINDOW_SECONDS),
      reportsItemFailures: properties.FunctionResponseTypes.length > 0,
      bisectsOnError: properties.BisectBatchOnFunctionError,
      ...limitsOf(properties, destination !== undefined),
      ...destinationOf(destination, label, context),
    },
    context,
  )
}

function startingPositionOf({
  startingPosition,
  startingPositionTimestamp,
}: Pick<KafkaEventDefinition, 'startingPosition' | 'startingPositionTimestamp'>): StartingPosition {
  if (startingPosition !== 'AT_TIMESTAMP') return startingPosition
  return { timestamp: (startingPositionTimestamp ?? 0) * 1000 }
}

function limitsOf(
  { MaximumRetryAttempts, MaximumRecordAgeInSeconds }: MappingProperties,
  hasDestination: boolean,
) {
  const unlimited = hasDestination ? DEFAULT_RETRIES_WITH_DESTINATION : Number.POSITIVE_INFINITY
  return {
    maximumRetryAttempts: MaximumRetryAttempts < 0 ? unlimited : MaximumRetryAttempts,
    maximumRecordAgeSeconds:
      MaximumRecordAgeInSeconds < 0 ? Number.POSITIVE_INFINITY : MaximumRecordAgeInSeconds,
  }
}

function destinationOf(
  destination: unknown,
  label: string,
  { log }: SourceContext,
): Pick<KafkaMapping, 'onFailure'> {
  if (destination === undefined) return {}
  const { service, name = '' } =
    /^arn:[^:]+:(?<service>[^:]+):.*:(?<name>[^:]+)$/.exec(String(destination))?.groups ?? {}
  if (service === 'sqs') return { onFailure: { queue: name } }
  if (service === 's3') return { onFailure: { bucket: name } }
  log.warning(
    `${label}: discarded batches are only logged, because ${destination} is neither an SQS queue nor an S3 bucket.`,
  )
  return {}
}

/** Derived from the `arn` as the framework does it. */
function clusterToken(arn: unknown): string {
  if (typeof arn === 'string') return arn.split('/')[1] ?? arn
  const { Ref, 'Fn::ImportValue': imported } = arn as Record<string, unknown>
  return String(imported ?? Ref)
}

function clusterArn(arn: unknown, { resolve, region }: SourceContext): string {
  try {
    return String(resolve(arn))
  } catch (error) {
    if (!(error instanceof EventSourceError)) throw error
    return `arn:aws:kafka:${region}:000000000000:cluster/${clusterToken(arn)}/local`
  }
}
