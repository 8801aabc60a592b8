import { z } from 'zod'
import type { SourceContext } from '../event-source.ts'
import { EventSourceError } from '../event-source-error.ts'

/**
 * What `resources.extensions` may say of a mapping that serverless.yml has no word for. A maximum of −1 is none.
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

/** Of no consequence on one machine. */
const ONLY_ON_AWS = ['ProvisionedPollerConfig', 'MetricsConfig', 'LoggingConfig', 'Tags', 'KmsKeyArn']

export function readMappingProperties(
  logicalId: string,
  { extensions, resolve, log }: SourceContext,
): MappingProperties {
  const properties = extensions[logicalId]?.Properties ?? {}
  const known = Object.keys(MappingProperties.shape)
  const ignored = Object.keys(properties).filter((name) => ![...known, ...ONLY_ON_AWS].includes(name))
  if (ignored.length > 0) {
    log.warning(`${logicalId}: ${ignored.join(', ')} of resources.extensions cannot be followed locally.`)
  }
  const entries = known.filter((name) => name in properties).map((name) => [name, resolve(properties[name])])
  const read = MappingProperties.safeParse(Object.fromEntries(entries))
  if (read.success) return read.data
  throw new EventSourceError(
    'invalid-event',
    `${logicalId} of resources.extensions is not valid:\n${z.prettifyError(read.error)}`,
  )
}
