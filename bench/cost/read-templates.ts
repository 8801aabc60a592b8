import { packageService } from '../../test/package-service.ts'

/** What the deployed services are billed by. */
export interface Deployment {
  /** Megabytes by function. */
  memory: Record<string, number>
  /** Metrics that alarms watch. */
  alarmMetrics: number
  compositeAlarms: number
  /** Scheduled invocations in a month, by function. */
  scheduled: Record<string, number>
  /** Statements that the scheduler has Athena run in a month. */
  statements: number
  /** Queues that Lambda polls. */
  polledQueues: number
}

const MINUTES_PER_MONTH = 30 * 24 * 60
const MINUTES = { minute: 1, hour: 60, day: 24 * 60 }

/** Packages the services; alarms, schedules and queues without those of kafka-bridge, which needs a cluster. */
export async function readTemplates(): Promise<Deployment> {
  const deployment: Deployment = {
    memory: {},
    alarmMetrics: 0,
    compositeAlarms: 0,
    scheduled: {},
    statements: 0,
    polledQueues: 0,
  }
  const services = ['upload-api', 'image-processor', 'analytics-catalog', 'kafka-bridge']
  const packages = await Promise.all(
    services.map(async (name) => ({ name, ...(await packageService(name)) })),
  )
  for (const { name: service, resources } of packages) {
    const isDefault = service !== 'kafka-bridge'
    const nameOf = (id: string) => String(resources[id]?.Properties.FunctionName).split('-').at(-1) ?? ''
    for (const [id, { Type, Properties }] of Object.entries(resources)) {
      if (Type === 'AWS::Lambda::Function') deployment.memory[nameOf(id)] = Number(Properties.MemorySize)
      if (!isDefault) continue
      if (Type === 'AWS::CloudWatch::Alarm') deployment.alarmMetrics += watchedMetrics(Properties)
      if (Type === 'AWS::CloudWatch::CompositeAlarm') deployment.compositeAlarms += 1
      if (Type === 'AWS::Lambda::EventSourceMapping') deployment.polledQueues += 1
      if (Type === 'AWS::Scheduler::Schedule')
        deployment.statements += timesPerMonth(String(Properties.ScheduleExpression))
      if (Type !== 'AWS::Events::Rule' || !Properties.ScheduleExpression) continue
      const target = String(Properties.Targets[0].Arn['Fn::GetAtt'][0])
      deployment.scheduled[nameOf(target)] = timesPerMonth(String(Properties.ScheduleExpression))
    }
  }
  return deployment
}

function watchedMetrics({ Metrics }: { Metrics?: { MetricStat?: object }[] }): number {
  return Metrics ? Metrics.filter(({ MetricStat }) => MetricStat).length : 1
}

/** `rate(15 minutes)`, `cron(30 3 * * ? *)`: once a day, `cron(22 * * * ? *)`: once an hour, `cron(37 4 ? * SUN *)`: once a week. */
function timesPerMonth(expression: string): number {
  if (/^cron\(\d+ \d+ \* \* \? \*\)$/.test(expression)) return 30
  if (/^cron\(\d+ \* \* \* \? \*\)$/.test(expression)) return 30 * 24
  if (/^cron\(\d+ \d+ \? \* [A-Z]{3} \*\)$/.test(expression)) return 30 / 7
  const [, value = '', unit = ''] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? []
  const minutes = Number(value) * MINUTES[unit as keyof typeof MINUTES]
  if (!minutes) throw new Error(`${expression} is no rate, and neither hourly, daily nor weekly`)
  return MINUTES_PER_MONTH / minutes
}
