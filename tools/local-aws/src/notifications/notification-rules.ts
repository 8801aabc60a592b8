import { randomUUID } from 'node:crypto'
import { XMLParser } from 'fast-xml-parser'
import * as z from 'zod'
import { S3Error, toXml } from '../s3-error.ts'

/** A destination for some events of a bucket, with S3's names. */
export interface NotificationRule {
  id: string
  destination: { kind: 'Queue' | 'Topic'; arn: string }
  /** Such as `s3:ObjectCreated:*`. */
  events: string[]
  prefix: string
  suffix: string
}

/** The events that this server sends. */
const EVENTS = [
  's3:ObjectCreated:Put',
  's3:ObjectCreated:Post',
  's3:ObjectCreated:Copy',
  's3:ObjectCreated:CompleteMultipartUpload',
  's3:ObjectRemoved:Delete',
]
/** Valid in S3, and never sent here: there are no versions, restores or lifecycle transitions. */
const SILENT_EVENTS = [
  's3:ObjectRemoved:DeleteMarkerCreated',
  's3:ReducedRedundancyLostObject',
  's3:ObjectRestore:Post',
  's3:ObjectRestore:Completed',
  's3:ObjectRestore:Delete',
  's3:Replication:OperationFailedReplication',
  's3:Replication:OperationMissedThreshold',
  's3:Replication:OperationReplicatedAfterThreshold',
  's3:Replication:OperationNotTracked',
  's3:LifecycleExpiration:Delete',
  's3:LifecycleExpiration:DeleteMarkerCreated',
  's3:LifecycleTransition',
  's3:IntelligentTiering',
  's3:ObjectAcl:Put',
  's3:ObjectTagging:Put',
  's3:ObjectTagging:Delete',
]
const WILDCARDS = [
  's3:ObjectCreated:*',
  's3:ObjectRemoved:*',
  's3:ObjectRestore:*',
  's3:Replication:*',
  's3:LifecycleExpiration:*',
  's3:ObjectTagging:*',
]
const VALID_EVENTS = new Set([...EVENTS, ...SILENT_EVENTS, ...WILDCARDS])

const MAX_FILTER_BYTES = 1024

const parser = new XMLParser({
  parseTagValue: false,
  trimValues: false,
  isArray: (name) => ['QueueConfiguration', 'TopicConfiguration', 'Event', 'FilterRule'].includes(name),
})

/** `<Filter/>` without content is an empty string to the parser. */
const emptyIsMissing = (value: unknown) =>
  typeof value === 'string' && value.trim() === '' ? undefined : value

const Configuration = {
  Id: z.string().optional(),
  Event: z.array(z.string()).min(1),
  Filter: z.preprocess(
    emptyIsMissing,
    z
      .object({
        S3Key: z.preprocess(
          emptyIsMissing,
          z
            .object({
              FilterRule: z.array(z.object({ Name: z.string(), Value: z.string().default('') })).optional(),
            })
            .optional(),
        ),
      })
      .optional(),
  ),
}

const Document = z.object({
  NotificationConfiguration: z.preprocess(
    (value) => emptyIsMissing(value) ?? {},
    z.object({
      QueueConfiguration: z.array(z.object({ ...Configuration, Queue: z.string() })).default([]),
      TopicConfiguration: z.array(z.object({ ...Configuration, Topic: z.string() })).default([]),
      CloudFunctionConfiguration: z.unknown().optional(),
      EventBridgeConfiguration: z.unknown().optional(),
    }),
  ),
})

/**
 * Reads the document of PutBucketNotificationConfiguration.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
 *
 * @throws S3Error `MalformedXML`, `InvalidArgument`, or `NotImplemented` for destinations that do not exist here
 */
export function parseRules(xml: string): NotificationRule[] {
  const { NotificationConfiguration: configuration } = parseDocument(xml)
  if (
    configuration.CloudFunctionConfiguration !== undefined ||
    configuration.EventBridgeConfiguration !== undefined
  ) {
    throw new S3Error(501, 'NotImplemented', 'The local server notifies queues and topics only.')
  }
  const rules = [
    ...configuration.TopicConfiguration.map((one) => toRule(one, { kind: 'Topic', arn: one.Topic })),
    ...configuration.QueueConfiguration.map((one) => toRule(one, { kind: 'Queue', arn: one.Queue })),
  ]
  refuseSameIds(rules)
  refuseOverlaps(rules)
  return rules
}

function parseDocument(xml: string) {
  try {
    return Document.parse(parser.parse(xml))
  } catch {
    throw new S3Error(
      400,
      'MalformedXML',
      'The XML you provided was not well-formed or did not validate against our published schema',
    )
  }
}

type ParsedConfiguration = z.infer<z.ZodObject<typeof Configuration>>

function toRule(
  { Id, Event, Filter }: ParsedConfiguration,
  destination: NotificationRule['destination'],
): NotificationRule {
  for (const event of Event) {
    if (!VALID_EVENTS.has(event)) throw invalid(`The event '${event}' is not supported for notifications`)
  }
  const filters = Filter?.S3Key?.FilterRule ?? []
  return {
    id: Id || randomUUID(),
    destination,
    events: Event,
    prefix: filterValue(filters, 'prefix'),
    suffix: filterValue(filters, 'suffix'),
  }
}

function filterValue(filters: { Name: string; Value: string }[], name: 'prefix' | 'suffix'): string {
  const named = filters.filter(({ Name }) => Name.toLowerCase() === name)
  if (filters.some(({ Name }) => !['prefix', 'suffix'].includes(Name.toLowerCase()))) {
    throw invalid('filter rule name must be either prefix or suffix')
  }
  if (named.length > 1) throw invalid(`Cannot specify more than one ${name} rule in a filter.`)
  const value = named[0]?.Value ?? ''
  if (Buffer.byteLength(value) > MAX_FILTER_BYTES) {
    throw invalid(`Size of filter rule value cannot exceed ${MAX_FILTER_BYTES} bytes in UTF-8`)
  }
  return value
}

function refuseSameIds(rules: NotificationRule[]): void {
  if (new Set(rules.map(({ id }) => id)).size < rules.length) {
    throw invalid('Same ID used for multiple configurations. IDs must be unique')
  }
}

/** Two rules may not select the same event of the same object. */
function refuseOverlaps(rules: NotificationRule[]): void {
  for (const [index, rule] of rules.entries()) {
    if (rules.slice(index + 1).some((other) => overlap(rule, other))) {
      throw invalid(
        'Configurations overlap. Configurations on the same bucket cannot share a common event type.',
      )
    }
  }
}

function overlap(a: NotificationRule, b: NotificationRule): boolean {
  return (
    (a.prefix.startsWith(b.prefix) || b.prefix.startsWith(a.prefix)) &&
    (a.suffix.endsWith(b.suffix) || b.suffix.endsWith(a.suffix)) &&
    a.events.some((one) => b.events.some((other) => includes(one, other) || includes(other, one)))
  )
}

/** Whether a rule is for this event of the object. `event` is such as `s3:ObjectCreated:Put`. */
export function selects({ events, prefix, suffix }: NotificationRule, event: string, key: string): boolean {
  return key.startsWith(prefix) && key.endsWith(suffix) && events.some((one) => includes(one, event))
}

function includes(pattern: string, event: string): boolean {
  return pattern.endsWith('*') ? event.startsWith(pattern.slice(0, -1)) : pattern === event
}

/** The document that GetBucketNotificationConfiguration returns. */
export function formatRules(rules: NotificationRule[]): string {
  const ofKind = (kind: 'Queue' | 'Topic') =>
    rules
      .filter(({ destination }) => destination.kind === kind)
      .map(({ id, destination, events, prefix, suffix }) => ({
        Id: id,
        [kind]: destination.arn,
        Event: events,
        ...((prefix || suffix) && {
          Filter: {
            S3Key: {
              FilterRule: [
                ...(prefix ? [{ Name: 'prefix', Value: prefix }] : []),
                ...(suffix ? [{ Name: 'suffix', Value: suffix }] : []),
              ],
            },
          },
        }),
      }))
  return toXml({
    NotificationConfiguration: {
      '@_xmlns': 'http://s3.amazonaws.com/doc/2006-03-01/',
      TopicConfiguration: ofKind('Topic'),
      QueueConfiguration: ofKind('Queue'),
    },
  })
}

function invalid(message: string): S3Error {
  return new S3Error(400, 'InvalidArgument', message)
}
