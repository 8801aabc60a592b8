import { isDeepStrictEqual } from 'node:util'
import {
  type CloudWatchClient,
  GetMetricDataCommand,
  type MetricAlarm,
  PutMetricDataCommand,
} from '@aws-sdk/client-cloudwatch'
import type { Resource } from '../package-service.ts'

type Resources = Record<string, Resource>

/** A metric. An alarm sees nothing of one with other dimensions. */
export interface Metric {
  namespace: string
  name: string
  dimensions: Record<string, unknown>
}

/** The metrics of each alarm of a template. An alarm that queries metrics with SQL has none. */
export function watchedMetrics(
  resources: Resources,
): { alarm: string; metrics: (Metric & { isOfAws: boolean })[] }[] {
  const alarms = Object.entries(resources).filter(([, { Type }]) => Type === 'AWS::CloudWatch::Alarm')
  return alarms.map(([alarm, { Properties }]) => ({
    alarm,
    metrics: metricsOf(Properties).map((metric) => ({ ...metric, isOfAws: isOfAws(metric, resources) })),
  }))
}

function metricsOf({ Metrics, ...own }: Resource['Properties']): Metric[] {
  const all = Metrics?.flatMap(({ MetricStat }: Resource['Properties']) => MetricStat?.Metric ?? []) ?? [own]
  return all.map(({ Namespace, MetricName, Dimensions = [] }: Resource['Properties']) => ({
    namespace: Namespace,
    name: MetricName,
    dimensions: Object.fromEntries(Dimensions.map(({ Name, Value }: Named) => [Name, Value])),
  }))
}

interface Named {
  Name: string
  Value: unknown
}

/** Values of a metric. */
export interface Written extends Metric {
  values: number[]
}

/**
 * The metrics in a line of a function's log.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function embeddedMetrics(line: string): Written[] {
  if (!line.includes('"_aws"')) return []
  const entry = JSON.parse(line)
  return entry._aws.CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }: EmbeddedMetrics) =>
    Metrics.flatMap(({ Name }) =>
      Dimensions.map((names) => ({
        namespace: Namespace,
        name: Name,
        dimensions: Object.fromEntries(names.map((name) => [name, entry[name]])),
        values: [entry[Name]].flat(),
      })),
    ),
  )
}

interface EmbeddedMetrics {
  Namespace: string
  Dimensions: string[][]
  Metrics: { Name: string }[]
}

/** Does what CloudWatch Logs does with the metrics in lines, and with lines that match filters: the emulator keeps the lines only. */
export async function publishMetrics(client: CloudWatchClient, written: Written[]): Promise<void> {
  const byNamespace = Map.groupBy(written, ({ namespace }) => namespace)
  for (const [Namespace, metrics] of byNamespace) {
    const MetricData = metrics.map(({ name, dimensions, values }) => ({
      MetricName: name,
      Dimensions: Object.entries(dimensions).map(([Name, value]) => ({ Name, Value: String(value) })),
      Values: values,
    }))
    for (let first = 0; first < MetricData.length; first += MAX_DATA)
      await client.send(
        new PutMetricDataCommand({ Namespace, MetricData: MetricData.slice(first, first + MAX_DATA) }),
      )
  }
}

/** Of one request: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html */
const MAX_DATA = 1000

/** What an alarm sees, by its own namespace, name, dimensions, statistic and period; of an extended statistic, the number of values. */
export async function valuesSeenBy(client: CloudWatchClient, alarm: MetricAlarm): Promise<number[]> {
  const { Namespace, MetricName, Dimensions, Period = 60, Statistic, ExtendedStatistic } = alarm
  const Stat = ExtendedStatistic ? 'SampleCount' : Statistic
  const now = Date.now()
  const { MetricDataResults = [] } = await client.send(
    new GetMetricDataCommand({
      StartTime: new Date(now - 86_400_000),
      EndTime: new Date(now + 60_000),
      MetricDataQueries: [
        { Id: 'own', MetricStat: { Metric: { Namespace, MetricName, Dimensions }, Period, Stat } },
      ],
    }),
  )
  return MetricDataResults[0]?.Values ?? []
}

/** The state by one of these values. Those that an extended statistic counts are good: the emulator does not calculate it. */
export function stateOf(
  { ComparisonOperator, Threshold = 0, Statistic, ExtendedStatistic }: MetricAlarm,
  values: number[],
): string {
  if (values.length === 0) return 'INSUFFICIENT_DATA'
  if (ExtendedStatistic) return 'OK'
  if (ComparisonOperator !== 'GreaterThanThreshold')
    throw new Error(`Not known here: ${ComparisonOperator} with ${Statistic}`)
  return values.some((value) => value > Threshold) ? 'ALARM' : 'OK'
}

/** The metrics of AWS that alarms watch, with the property of a resource that each of their dimensions has to be. */
const OF_AWS: Record<string, Record<string, string>> = {
  // https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
  'AWS/Lambda Errors': { FunctionName: 'AWS::Lambda::Function' },
  'AWS/Lambda Duration': { FunctionName: 'AWS::Lambda::Function' },
  'AWS/Lambda Throttles': {},
  // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
  'AWS/SQS ApproximateAgeOfOldestMessage': { QueueName: 'AWS::SQS::Queue QueueName' },
  'AWS/SQS ApproximateNumberOfMessagesVisible': { QueueName: 'AWS::SQS::Queue QueueName' },
  // https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
  'AWS/SNS NumberOfNotificationsFailed': { TopicName: 'AWS::SNS::Topic TopicName' },
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html
  'AWS/S3 NumberOfObjects': { BucketName: 'AWS::S3::Bucket', StorageType: 'AllStorageTypes' },
  // https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html
  'AWS/Firehose DeliveryToS3.DataFreshness': { DeliveryStreamName: 'AWS::KinesisFirehose::DeliveryStream' },
  // https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
  'AWS/ApiGateway 5xx': { ApiId: 'AWS::ApiGatewayV2::Api' },
  'AWS/ApiGateway Count': { ApiId: 'AWS::ApiGatewayV2::Api' },
}

/** Whether AWS writes a metric: with this name, and dimensions that have the right property of a resource of the template. */
function isOfAws({ namespace, name, dimensions }: Metric, resources: Resources): boolean {
  const sources = Object.entries(dimensions).map(([key, value]) => [key, sourceOf(value, resources)])
  return isDeepStrictEqual(OF_AWS[`${namespace} ${name}`], Object.fromEntries(sources))
}

/** `{ Ref: X }` → the type of X; `{ "Fn::GetAtt": [X, QueueName] }` → the type of X and `QueueName` */
function sourceOf(value: unknown, resources: Resources): unknown {
  const { Ref, 'Fn::GetAtt': [owner, attribute] = [] } = Object(value)
  if (Ref) return resources[Ref]?.Type
  return owner ? `${resources[owner]?.Type} ${attribute}` : value
}
