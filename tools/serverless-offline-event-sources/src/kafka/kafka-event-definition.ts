import { z } from 'zod'
import { EventSourceError } from '../event-source-error.ts'

const shared = {
  topic: z.string().min(1),
  batchSize: z.int().min(1).max(10_000).default(100),
  /** Seconds. */
  maximumBatchingWindow: z.number().min(0).max(300).optional(),
  startingPosition: z.enum(['LATEST', 'TRIM_HORIZON', 'AT_TIMESTAMP']).default('TRIM_HORIZON'),
  /** Seconds since 1970, as CloudFormation has it. */
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

/** A `kafka` event as serverless.yml has it. `accessConfigurations` are for AWS alone. */
const KafkaEventDefinition = z
  .object({
    ...shared,
    bootstrapServers: z.array(z.string()).min(1),
    onFailureDestination: z.unknown().optional(),
  })
  .refine(needsTimestamp.check, needsTimestamp.message)
export type KafkaEventDefinition = z.infer<typeof KafkaEventDefinition>

/** An `msk` event as serverless.yml has it. */
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
