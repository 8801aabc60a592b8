import {
  type CloudWatchLogsClient,
  paginateDescribeLogGroups,
  paginateDescribeMetricFilters,
  paginateDescribeSubscriptionFilters,
  paginateFilterLogEvents,
} from '@aws-sdk/client-cloudwatch-logs'
import { type FirehoseClient, PutRecordCommand } from '@aws-sdk/client-firehose'
import { gzipSync } from 'fflate'
import { matchesFilter } from './filter-pattern.ts'

/** The log of a function. */
interface Log {
  group: string
  /** Without their ends. */
  lines: string[]
}

/** The logs of the functions of a stage. */
export async function readLogs(client: CloudWatchLogsClient, stage: string): Promise<Log[]> {
  const logs: Log[] = []
  const groups = { logGroupNamePrefix: '/aws/lambda/darkroom-' }
  for await (const { logGroups = [] } of paginateDescribeLogGroups({ client }, groups))
    for (const { logGroupName: group = '' } of logGroups)
      if (group.includes(`-${stage}-`)) logs.push({ group, lines: await linesOf(client, group) })
  return logs
}

async function linesOf(client: CloudWatchLogsClient, logGroupName: string): Promise<string[]> {
  const lines: string[] = []
  for await (const { events = [] } of paginateFilterLogEvents({ client }, { logGroupName }))
    lines.push(...events.map(({ message = '' }) => message))
  return lines
}

/** A metric filter as it is deployed. */
export interface MetricFilter {
  group: string
  pattern: string
  namespace: string
  name: string
}

export async function readMetricFilters(client: CloudWatchLogsClient): Promise<MetricFilter[]> {
  const found: MetricFilter[] = []
  for await (const { metricFilters = [] } of paginateDescribeMetricFilters({ client }, {}))
    for (const {
      logGroupName: group = '',
      filterPattern: pattern = '',
      metricTransformations,
    } of metricFilters)
      for (const { metricNamespace: namespace = '', metricName: name = '' } of metricTransformations ?? [])
        found.push({ group, pattern, namespace, name })
  return found
}

/**
 * Does what CloudWatch does with the subscriptions of a stage's logs, and Firehose with the lines: the emulator keeps subscriptions
 * without delivering, and delivers to S3 without compressing.
 */
export async function deliverSubscriptions(
  client: CloudWatchLogsClient,
  firehose: FirehoseClient,
  stage: string,
): Promise<void> {
  for (const { group: logGroupName, lines } of await readLogs(client, stage))
    for await (const { subscriptionFilters = [] } of paginateDescribeSubscriptionFilters(
      { client },
      { logGroupName },
    ))
      for (const { filterPattern = '', destinationArn } of subscriptionFilters) {
        const matching = lines.filter((line) => matchesFilter(filterPattern, line))
        if (matching.length === 0) continue
        const Data = gzipSync(Buffer.from(matching.join('')))
        const DeliveryStreamName = destinationArn?.split('/').at(-1)
        await firehose.send(new PutRecordCommand({ DeliveryStreamName, Record: { Data } }))
      }
}
