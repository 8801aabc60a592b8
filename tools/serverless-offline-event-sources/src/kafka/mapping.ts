import * as z from 'zod'
import type { SourceContext } from '../event-source.ts'
import { EventSourceError } from '../event-source-error.ts'

/** A `kafka` or `msk` event of a function, validated and resolved. */
export interface KafkaMapping {
  eventSource: 'SelfManagedKafka' | 'aws:kafka'
  /** The cluster's ARN, for `aws:kafka`. */
  eventSourceArn?: string
  /** From the template; `KAFKA_BROKERS` overrides them. */
  bootstrapServers: string[]
  topic: string
  groupId: string
  startingPosition: StartingPosition
  batchSize: number
  batchingWindowSeconds: number
  reportsItemFailures: boolean
  bisectsOnError: boolean
  /** Not counting the first attempt. */
  maximumRetryAttempts: number
  maximumRecordAgeSeconds: number
  /** Where discarded batches are reported. */
  onFailure?: { queue: string } | { bucket: string }
}

export type StartingPosition = 'TRIM_HORIZON' | 'LATEST' | { timestamp: number }

const shared = {
  topic: z.string().min(1),
  batchSize: z.int().min(1).max(10_000).default(100),
  /** Seconds. */
  maximumBatchingWindow: z.number().min(0).max(300).optional(),
  startingPosition: z.enum(['LATEST', 'TRIM_HORIZON', 'AT_TIMESTAMP']).default('TRIM_HORIZON'),
  /** Unix time in seconds, as in CloudFormation. */
  startingPositionTimestamp: z.number().optional(),
  consumerGroupId: z.string().min(1).max(200).optional(),
  enabled: z.boolean().default(true),
  filterPatterns: z.array(z.unknown()).optional(),
}

const needsTimestamp = {
  check: (event: { startingPosition: string; startingPositionTimestamp?: number | undefined }) =>
    event.startingPosition !== 'AT_TIMESTAMP' || event.startingPositionTimestamp !== undefined,
  message: 'AT_TIMESTAMP needs a startingPositionTimestamp',
}

/** A `kafka` event in serverless.yml. `accessConfigurations` is only used on AWS. */
const KafkaEventDefinition = z
  .object({
    ...shared,
    bootstrapServers: z.array(z.string()).min(1),
    onFailureDestination: z.unknown().optional(),
  })
  .refine(needsTimestamp.check, needsTimestamp.message)
export type KafkaEventDefinition = z.infer<typeof KafkaEventDefinition>

/** An `msk` event in serverless.yml. */
const MskEventDefinition = z
  .object({ ...shared, arn: z.unknown().refine((arn) => arn !== undefined, 'arn is missing') })
  .refine(needsTimestamp.check, needsTimestamp.message)
export type MskEventDefinition = z.infer<typeof MskEventDefinition>

export function readKafkaEventDefinition(definition: unknown, functionKey: string): KafkaEventDefinition {
  return read(KafkaEventDefinition, definition, `kafka event of function ${functionKey}`)
}

export function readMskEventDefinition(definition: unknown, functionKey: string): MskEventDefinition {
  return read(MskEventDefinition, definition, `msk event of function ${functionKey}`)
}

function read<Definition>(schema: z.ZodType<Definition>, definition: unknown, what: string): Definition {
  const parsed = schema.safeParse(definition)
  if (parsed.success) return parsed.data
  throw new EventSourceError('invalid-event', `The ${what} is not valid:\n${z.prettifyError(parsed.error)}`)
}

/**
 * Mapping properties that serverless.yml cannot express, from `resources.extensions`. A maximum of −1 means no limit.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-eventsourcemapping.html
 */
const MappingProperties = z.object({
  BatchSize: z.int().min(1).max(10_000).optional(),
  MaximumBatchingWindowInSeconds: z.number().min(0).max(300).optional(),
  FunctionResponseTypes: z.array(z.literal('ReportBatchItemFailures')).default([]),
  BisectBatchOnFunctionError: z.boolean().default(false),
  MaximumRetryAttempts: z.int().min(-1).max(10_000).default(-1),
  MaximumRecordAgeInSeconds: z.int().min(-1).max(604_800).default(-1),
  DestinationConfig: z.object({ OnFailure: z.object({ Destination: z.string() }) }).optional(),
})
export type MappingProperties = z.infer<typeof MappingProperties>

/** Ignored locally without a warning. */
const ONLY_ON_AWS = ['ProvisionedPollerConfig', 'MetricsConfig', 'LoggingConfig', 'Tags', 'KmsKeyArn']

export function readMappingProperties(
  logicalId: string,
  { extensions, resolve, log }: SourceContext,
): MappingProperties {
  const properties = extensions[logicalId]?.Properties ?? {}
  const known = Object.keys(MappingProperties.shape)
  const ignored = Object.keys(properties).filter((name) => ![...known, ...ONLY_ON_AWS].includes(name))
  if (ignored.length > 0) {
    log.warning(`${logicalId}: ${ignored.join(', ')} in resources.extensions is not supported locally.`)
  }
  const entries = known.filter((name) => name in properties).map((name) => [name, resolve(properties[name])])
  const read = MappingProperties.safeParse(Object.fromEntries(entries))
  if (read.success) return read.data
  throw new EventSourceError(
    'invalid-event',
    `${logicalId} in resources.extensions is not valid:\n${z.prettifyError(read.error)}`,
  )
}

/**
 * The logical ids of the mappings that the framework generates. `resources.extensions` refers to them.
 * https://github.com/oss-serverless/osls/blob/main/lib/plugins/aws/lib/naming.js
 */
export function kafkaMappingLogicalId(functionKey: string, topic: string): string {
  return `${normalizeResource(functionKey)}EventSourceMappingKafka${normalize(topic).slice(0, 158)}`
}

export function mskMappingLogicalId(functionKey: string, clusterToken: string, topic: string): string {
  const cluster = normalize(clusterToken).slice(0, 79)
  return `${normalizeResource(functionKey)}EventSourceMappingMSK${cluster}${normalize(topic).slice(0, 79)}`
}

function normalizeResource(name: string): string {
  return upperFirst(name.replaceAll('-', 'Dash').replaceAll('_', 'Underscore'))
}

function normalize(name: string): string {
  return upperFirst(name.replaceAll(/[^0-9A-Za-z]/g, ''))
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
