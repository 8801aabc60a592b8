/** A resource of a CloudFormation template. */
export interface Resource {
  Type: string
  Properties: Record<string, unknown>
}

/** What alarms need of a function in serverless.yml. */
export interface AlarmedFunction {
  timeout?: number
}

/** The topic of a deployment's alarms, by its name: image-processor creates it, the other services refer to it. */
const TOPIC_ARN = (stage: string) => ({
  'Fn::Sub': `arn:\${AWS::Partition}:sns:\${AWS::Region}:\${AWS::AccountId}:darkroom-${stage}-alarms`,
})

const RUNBOOK = 'docs/operations.md'

/** Alarms that have one section of the runbook in common. */
const SHARED_SECTIONS = [
  [/FunctionErrorsAlarm$/, 'FunctionErrorsAlarm'],
  [/FunctionThrottlesAlarm$/, 'FunctionThrottlesAlarm'],
  [/FunctionDurationAlarm$/, 'FunctionDurationAlarm'],
  [/^SlowImages\w+Alarm$/, 'SlowImagesAlarm'],
] as const

function runbookSection(logicalId: string): string {
  const shared = SHARED_SECTIONS.find(([pattern]) => pattern.test(logicalId))
  return `${RUNBOOK}#${(shared?.[1] ?? logicalId).toLowerCase()}`
}

/**
 * Completes the alarms of a service: a name by the stage, the topic, and the section of the runbook in the description.
 *
 * @param resources of the template; changed in place
 */
export function completeAlarms(resources: Record<string, Resource>, stage: string): void {
  for (const [id, { Type, Properties }] of Object.entries(resources)) {
    if (!/^AWS::CloudWatch::(Composite)?Alarm$/.test(Type)) continue
    Properties.AlarmName = alarmName(stage, id)
    Properties.AlarmDescription = `${Properties.AlarmDescription} See ${runbookSection(id)}.`
    Properties.AlarmActions ??= [TOPIC_ARN(stage)]
  }
}

/** `ParkedMessagesAlarm` → `darkroom-prod-ParkedMessages` */
function alarmName(stage: string, logicalId: string): string {
  return `darkroom-${stage}-${logicalId.replace(/Alarm$/, '')}`
}

/**
 * Three alarms for each function: it fails, it is throttled, or it almost times out.
 *
 * @param defaultTimeoutSeconds of functions without a timeout of their own
 */
export function functionAlarms(
  functions: Record<string, AlarmedFunction>,
  defaultTimeoutSeconds: number,
): Record<string, Resource> {
  const alarms = Object.entries(functions).map(([name, { timeout = defaultTimeoutSeconds }]) =>
    alarmsOf(name, timeout),
  )
  return Object.assign({}, ...alarms)
}

function alarmsOf(name: string, timeoutSeconds: number): Record<string, Resource> {
  const id = name.charAt(0).toUpperCase() + name.slice(1)
  const alarm = (metric: string, description: string, properties: object): Resource => ({
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      AlarmDescription: description,
      Namespace: 'AWS/Lambda',
      MetricName: metric,
      Dimensions: [{ Name: 'FunctionName', Value: { Ref: `${id}LambdaFunction` } }],
      ComparisonOperator: 'GreaterThanThreshold',
      TreatMissingData: 'notBreaching',
      ...properties,
    },
  })
  return {
    [`${id}FunctionErrorsAlarm`]: alarm('Errors', `${name} fails again and again.`, {
      Statistic: 'Sum',
      // Two failures are in one period, even if each of them takes the whole timeout.
      Period: Math.max(300, Math.ceil((3 * timeoutSeconds) / 60) * 60),
      EvaluationPeriods: 1,
      Threshold: 1,
    }),
    [`${id}FunctionThrottlesAlarm`]: alarm('Throttles', `${name} is throttled.`, {
      Statistic: 'Sum',
      Period: 60,
      EvaluationPeriods: 5,
      DatapointsToAlarm: 3,
      Threshold: 0,
    }),
    [`${id}FunctionDurationAlarm`]: alarm(
      'Duration',
      `${name} almost takes its timeout of ${timeoutSeconds} s.`,
      {
        Statistic: 'Maximum',
        Period: 300,
        EvaluationPeriods: 3,
        DatapointsToAlarm: 2,
        // 95 %: a request that waits 25 s for a result, of a timeout of 29 s, is as intended.
        Threshold: 950 * timeoutSeconds,
      },
    ),
  }
}
