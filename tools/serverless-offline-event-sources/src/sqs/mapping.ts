import * as z from 'zod'
import { EventSourceError } from '../event-source-error.ts'

/** One `sqs` event of one function, read and resolved. */
export interface SqsMapping {
  queueName: string
  batchSize: number
  /** Seconds. */
  batchingWindowSeconds: number
  maximumConcurrency: number
  reportsItemFailures: boolean
}

const Mapping = z
  .object({
    arn: z.unknown().refine((arn) => arn !== undefined, 'arn is missing'),
    batchSize: z.int().min(1).max(10_000).default(10),
    /** Seconds. */
    // A parameter from the command line or the environment is a string.
    maximumBatchingWindow: z.coerce.number().int().min(0).max(300).default(0),
    functionResponseType: z.literal('ReportBatchItemFailures').optional(),
    maximumConcurrency: z.int().min(2).max(1000).optional(),
    enabled: z.boolean().default(true),
    filterPatterns: z.array(z.unknown()).optional(),
  })
  .refine(({ batchSize, maximumBatchingWindow }) => batchSize <= 10 || maximumBatchingWindow >= 1, {
    message: 'a batchSize of more than 10 needs a maximumBatchingWindow of at least 1 second',
    path: ['batchSize'],
  })

/** An `sqs` event in serverless.yml: a plain ARN, or an object with settings. */
const SqsEventDefinition = z.preprocess(
  (definition) => (typeof definition === 'string' ? { arn: definition } : definition),
  Mapping,
)
export type SqsEventDefinition = z.infer<typeof SqsEventDefinition>

export function readSqsEventDefinition(definition: unknown, functionKey: string): SqsEventDefinition {
  const read = SqsEventDefinition.safeParse(definition)
  if (read.success) return read.data
  throw new EventSourceError(
    'invalid-event',
    `The sqs event of function ${functionKey} is not valid:\n${z.prettifyError(read.error)}`,
  )
}
