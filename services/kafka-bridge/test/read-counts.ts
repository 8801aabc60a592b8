import * as z from 'zod'

/**
 * A line of CloudWatch's embedded metric format with one metric, by service and stage, and also by its other
 * dimensions if it has any.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
const EmbeddedMetric = z.looseObject({
  _aws: z.object({
    Timestamp: z.number(),
    CloudWatchMetrics: z.tuple([
      z.object({
        Namespace: z.literal('Darkroom'),
        Dimensions: z.tuple([z.tuple([z.literal('service'), z.literal('stage')])]).rest(z.array(z.string())),
        Metrics: z.tuple([z.object({ Name: z.string(), Unit: z.literal('Count') })]),
      }),
    ]),
  }),
})

/** A metric in CloudWatch: its name, dimensions and value. */
export interface CountedRecords {
  name: string
  dimensions: Record<string, unknown>
  records: unknown
}

/** Reads a handler's output as CloudWatch does. */
export function readCounts(printed: string): CountedRecords[] {
  const lines = printed.split('\n').filter((line) => line !== '')
  return lines.map((line) => {
    const document = EmbeddedMetric.parse(JSON.parse(line))
    const [{ Dimensions, Metrics }] = document._aws.CloudWatchMetrics
    const name = Metrics[0].Name
    const dimensions = Object.fromEntries(
      (Dimensions[1] ?? Dimensions[0]).map((dimension) => [dimension, document[dimension]]),
    )
    return { name, dimensions, records: document[name] }
  })
}
