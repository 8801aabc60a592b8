import { setTimeout as sleep } from 'node:timers/promises'
import { CloudWatchClient, paginateDescribeAlarms } from '@aws-sdk/client-cloudwatch'

const POLL_MS = 10_000

/** The names of a stage's alarms that are in the state ALARM. */
export async function ringingAlarms(stage: string): Promise<string[]> {
  const client = new CloudWatchClient()
  const names: string[] = []
  try {
    const filter = { AlarmNamePrefix: `darkroom-${stage}-`, StateValue: 'ALARM' as const }
    // The prefix of `prod` is also that of a stage `prod-eu`.
    for await (const { MetricAlarms = [] } of paginateDescribeAlarms({ client }, filter))
      for (const { AlarmName = '', AlarmActions = [] } of MetricAlarms)
        if (AlarmActions.some((topic) => topic.endsWith(`:darkroom-${stage}-alarms`))) names.push(AlarmName)
  } finally {
    client.destroy()
  }
  return names.sort()
}

/** Resolves to the first alarms that go off within some minutes, apart from those that did before. */
export async function nextAlarms(stage: string, before: string[], minutes: number): Promise<string[]> {
  for (const end = Date.now() + minutes * 60_000; ; await sleep(POLL_MS)) {
    const names = (await ringingAlarms(stage)).filter((name) => !before.includes(name))
    if (names.length > 0 || Date.now() >= end) return names
  }
}
