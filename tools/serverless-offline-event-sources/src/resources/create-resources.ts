import { readEnvironment } from '../environment.ts'
import { EventSourceError } from '../event-source-error.ts'
import { retry, watchOutage } from '../retry.ts'
import type { Resolve, Resource, Template } from '../template.ts'
import { meetsCondition } from '../template.ts'
import { createBuckets } from './create-buckets.ts'
import { createQueues } from './create-queues.ts'
import { createTables } from './create-tables.ts'
import { createTopics } from './create-topics.ts'
import type { ResourceContext } from './resource.ts'

/**
 * Creates the service's queues, topics, named buckets and tables, in the order in which they refer to each other. Existing ones are kept and
 * their attributes updated.
 */
export async function createResources(template: Template, context: ResourceContext): Promise<void> {
  const { sqsEndpoint, snsEndpoint, s3Endpoint, dynamodbEndpoint } = readEnvironment()
  const queues = resourcesOf('AWS::SQS::Queue', template, context)
  const topics = resourcesOf('AWS::SNS::Topic', template, context)
  const subscriptions = resourcesOf('AWS::SNS::Subscription', template, context)
  // CloudFormation names the others, so nothing local can refer to them.
  const buckets = resourcesOf('AWS::S3::Bucket', template, context).filter(
    ({ Properties }) => Properties?.BucketName !== undefined,
  )
  const tables = resourcesOf('AWS::DynamoDB::Table', template, context)
  if (queues.length > 0) {
    await onceReachable('SQS', sqsEndpoint, context, () => createQueues(queues, context))
  }
  if (topics.length + subscriptions.length > 0) {
    await onceReachable('SNS', snsEndpoint, context, () => createTopics(topics, subscriptions, context))
  }
  if (buckets.length > 0) {
    await onceReachable('S3', s3Endpoint, context, () => createBuckets(buckets, context))
  }
  if (tables.length > 0) {
    await onceReachable('DYNAMODB', dynamodbEndpoint, context, () => createTables(tables, context))
  }
}

/** Requires an endpoint. Without one, the SDK would create the resources in a real AWS account. */
async function onceReachable(
  server: string,
  endpoint: string | undefined,
  { log }: ResourceContext,
  create: () => Promise<void>,
): Promise<void> {
  if (endpoint === undefined) {
    throw new EventSourceError(
      'no-local-endpoint',
      `createResources only works with local servers. Set AWS_ENDPOINT_URL or AWS_ENDPOINT_URL_${server}.`,
    )
  }
  try {
    await retry(create, { outage: watchOutage(`${server} at ${endpoint}`, log) })
  } catch (cause) {
    if (cause instanceof EventSourceError || !(cause instanceof Error)) throw cause
    throw new EventSourceError('refused-resource', `${server} at ${endpoint}: ${cause.message}`, { cause })
  }
}

function resourcesOf(type: string, template: Template, { resolve, log }: ResourceContext): Resource[] {
  return Object.entries(template.Resources)
    .filter(([, resource]) => resource.Type === type)
    .filter(([logicalId, { Condition }]) => {
      if (Condition === undefined || isMet(Condition, template, resolve)) return true
      log.info(
        `Resource ${logicalId} is skipped: condition ${Condition} is false or cannot be evaluated locally.`,
      )
      return false
    })
    .map(([, resource]) => resource)
}

function isMet(condition: string, template: Template, resolve: Resolve): boolean {
  try {
    return meetsCondition(condition, template, resolve)
  } catch (error) {
    if (error instanceof EventSourceError) return false
    throw error
  }
}
