import { jest } from '@jest/globals'

/** What a handler returned, and the metrics that it printed, by name. */
export interface Embedded {
  result: unknown
  metrics: Record<string, unknown>
}

/**
 * Runs a handler and reads its output as CloudWatch does.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export async function readEmbedded(run: () => Promise<unknown>): Promise<Embedded> {
  const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true)
  const print = jest.spyOn(console, 'log').mockReturnValue()
  try {
    const result = await run()
    const printed = [...write.mock.calls, ...print.mock.calls].map(([chunk]) => String(chunk)).join('\n')
    const lines = printed.split('\n').filter((line) => line.includes('"_aws"'))
    return { result, metrics: Object.assign({}, ...lines.map((line) => JSON.parse(line))) }
  } finally {
    write.mockRestore()
    print.mockRestore()
  }
}
