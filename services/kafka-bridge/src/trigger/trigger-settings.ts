import { appsOfTopics, readConfiguration } from '@darkroom/app-configuration'
import * as z from 'zod'

/** How serverless.yml's variables are read: `param:kafkaAuth`, `sls:stage`. */
export type ResolveVariable = (address: string) => Promise<unknown>

/** An ARN, or a CloudFormation function that returns one. */
export type Reference = string | Record<string, unknown>

const referenceOr = (error: string) =>
  z.union([z.string().startsWith('arn:', error), z.record(z.string(), z.unknown())], { error })
const reference = referenceOr('set it to an ARN.')
const optionalReference = z
  .union([z.literal('').optional(), referenceOr('set it to an ARN, or leave it empty.')])
  .transform((value) => value || undefined)

/** A list in serverless.yml, or a string with commas from the command line. */
const list = z.union(
  [
    z.array(z.string().min(1)),
    z.string().transform((text) => text.split(',').flatMap((item) => item.trim() || [])),
  ],
  { error: 'set it to a list.' },
)
const nonEmptyList = list.refine((items) => items.length > 0, 'name at least one.')

const wholeNumber = (min: number, max: number) =>
  z.coerce
    .number({ error: 'set it to a number.' })
    .int('set it to a whole number.')
    .min(min, `set it to ${min} or more.`)
    .max(max, `set it to ${max} or less.`)

const oneOf = <const Values extends readonly string[]>(values: Values) =>
  z.enum(values, { error: `set it to ${values.join(' or ')}.` })

/** https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html */
const mapping = {
  kafkaEnabled: z.union([z.boolean(), z.stringbool()], { error: 'set it to true or false.' }),
  kafkaKmsKeyArn: optionalReference,
  kafkaMinimumPollers: wholeNumber(1, 200),
  kafkaMaximumPollers: wholeNumber(1, 2000),
  kafkaMaximumRetryAttempts: wholeNumber(0, 10_000),
  kafkaMaximumRecordAgeSeconds: wholeNumber(60, 604_800),
}

const mskArn = z
  .string({ error: 'set it to the ARN of the cluster.' })
  .regex(/^arn:[^:]+:kafka:[^:]+:\d+:cluster\/[^/]+\/[^/]+$/, 'set it to the ARN of the cluster.')

const MskWithIam = z.object({ ...mapping, kafkaAuth: z.literal('iam'), mskClusterArn: mskArn })
const MskWithScram = MskWithIam.extend({
  kafkaAuth: z.literal('scram-512'),
  kafkaCredentialsSecretArn: reference,
})
const SelfManaged = z.object({
  ...mapping,
  kafkaAuth: oneOf(['scram-256', 'scram-512']),
  kafkaBootstrapServers: nonEmptyList,
  kafkaCredentialsSecretArn: reference,
  kafkaCaSecretArn: optionalReference,
  kafkaSubnets: list,
  kafkaSecurityGroups: list,
})
const SelfManagedInVpc = SelfManaged.extend({
  kafkaSubnets: nonEmptyList,
  kafkaSecurityGroups: nonEmptyList,
})

export type MskSettings = z.infer<typeof MskWithIam> | z.infer<typeof MskWithScram>
export type SelfManagedSettings = z.infer<typeof SelfManaged>
export type TriggerSettings = { stage: string; topics: string[] } & (
  | ({ kafkaCluster: 'msk' } & MskSettings)
  | ({ kafkaCluster: 'self-managed' } & SelfManagedSettings)
)

/**
 * Reads the stage's parameters for the chosen kind of cluster, and the topics of all apps. The parameters of the other kind are
 * ignored.
 *
 * @throws Error with a sentence for each parameter that is wrong: `kafkaAuth is "iam": set it to scram-256 or scram-512.`
 */
export async function readTriggerSettings(resolveVariable: ResolveVariable): Promise<TriggerSettings> {
  const read = async <Schema extends z.ZodObject>(schema: Schema): Promise<z.infer<Schema>> => {
    const params = Object.keys(schema.shape).map(
      async (name) => [name, await resolveVariable(`param:${name}`)] as const,
    )
    const values: Record<string, unknown> = Object.fromEntries(await Promise.all(params))
    const { data, error } = schema.safeParse(values)
    if (error) throw new Error(error.issues.map((issue) => sentence(issue, values)).join(' '))
    return data
  }
  const stage = String(await resolveVariable('sls:stage'))
  const topics = requireTopics(Object.keys(appsOfTopics(readConfiguration())))
  const { kafkaCluster } = await read(z.object({ kafkaCluster: oneOf(['msk', 'self-managed']) }))
  if (kafkaCluster === 'msk') {
    const { kafkaAuth } = await read(z.object({ kafkaAuth: oneOf(['iam', 'scram-512']) }))
    return { stage, topics, kafkaCluster, ...(await read(kafkaAuth === 'iam' ? MskWithIam : MskWithScram)) }
  }
  const { kafkaSubnets, kafkaSecurityGroups } = await read(
    SelfManaged.pick({ kafkaSubnets: true, kafkaSecurityGroups: true }),
  )
  const isInVpc = kafkaSubnets.length + kafkaSecurityGroups.length > 0
  return { stage, topics, kafkaCluster, ...(await read(isInVpc ? SelfManagedInVpc : SelfManaged)) }
}

/** Each topic has a trigger of its own, and a stack can have 500 resources. */
const MAX_TOPICS = 400

/** @throws Error if there is no topic, or there are too many */
function requireTopics(topics: string[]): string[] {
  if (topics.length === 0) {
    throw new Error('No app has a Kafka topic: add topics to an app in apps.json, or leave kafka-bridge out.')
  }
  if (topics.length <= MAX_TOPICS) return topics
  throw new Error(
    `The apps have ${topics.length} Kafka topics, and the stack has room for ${MAX_TOPICS} triggers: let apps send over HTTP.`,
  )
}

function sentence({ path: [name = ''], message }: z.core.$ZodIssue, values: Record<string, unknown>): string {
  return `${String(name)} is ${JSON.stringify(values[String(name)])}: ${message}`
}
