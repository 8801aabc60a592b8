/** A resource of a CloudFormation template. */
export interface Resource {
  Type: string
  Properties: Record<string, unknown>
}

/** What alarms need of a function in serverless.yml. */
export interface AlarmedFunction {
  timeout?: number
  /** The API's gateway calls it, so its failures are requests that the gateway answers with 500. */
  isBehindGateway?: boolean
}

/** The topic of a deployment's alarms, by its name: image-processor creates it, the other services refer to it. */
const TOPIC_ARN = (stage: string) => ({
  'Fn::Sub': `arn:\${AWS::Partition}:sns:\${AWS::Region}:\${AWS::AccountId}:darkroom-${stage}-alarms`,
})

const RUNBOOK = 'docs/operations.md'

/** Alarms that have one section of the runbook in common. */
const SHARED_SECTIONS = [
  [/FunctionErrorsAlarm$/, 'FunctionErrorsAlarm'],
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
    if (Type !== 'AWS::CloudWatch::Alarm') continue
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
 * What watches a service's functions. CloudWatch bills each metric that an alarm watches, so functions share what they can
 * (decisions/0062-alarms-by-finding.md): filters of their logs count all that almost time out, for one alarm of the stage, and there is an
 * alarm for each function that fails. What fails behind the gateway is a request that it answers with 500.
 *
 * @param defaultTimeoutSeconds of functions without a timeout of their own
 */
export function functionAlarms(
  stage: string,
  functions: Record<string, AlarmedFunction>,
  defaultTimeoutSeconds: number,
): Record<string, Resource> {
  const timed = Object.entries(functions).map(([name, { timeout = defaultTimeoutSeconds, ...more }]) => ({
    name,
    timeout,
    ...more,
  }))
  return Object.assign(
    {},
    ...timed.map(({ name, timeout }) => almostTimedOut(name, timeout, stage)),
    ...timed.filter(({ isBehindGateway }) => !isBehindGateway).map(failing),
  )
}

const capitalized = (name: string) => name.charAt(0).toUpperCase() + name.slice(1)

/** Part of the timeout. A request that waits 25 s for a result, of a timeout of 29 s, is as intended. */
const ALMOST = 0.95

/** Counts the invocations that almost timed out, by the line that Lambda writes after each of them. DurationAlarm watches the sum. */
function almostTimedOut(name: string, timeoutSeconds: number, stage: string): Record<string, Resource> {
  const id = capitalized(name)
  const milliseconds = ALMOST * 1000 * timeoutSeconds
  return {
    [`${id}AlmostTimedOutFilter`]: {
      Type: 'AWS::Logs::MetricFilter',
      Properties: {
        LogGroupName: { Ref: `${id}LogGroup` },
        FilterPattern: `[report=REPORT, request="RequestId:", id, duration="Duration:", milliseconds>${milliseconds}, ...]`,
        MetricTransformations: [
          {
            MetricNamespace: `Darkroom/${stage}`,
            MetricName: 'AlmostTimedOut',
            MetricValue: '1',
            Unit: 'Count',
          },
        ],
      },
    },
  }
}

function failing({ name, timeout }: { name: string; timeout: number }): Record<string, Resource> {
  const id = capitalized(name)
  return {
    [`${id}FunctionErrorsAlarm`]: {
      Type: 'AWS::CloudWatch::Alarm',
      Properties: {
        AlarmDescription: `${name} fails again and again.`,
        Namespace: 'AWS/Lambda',
        MetricName: 'Errors',
        Dimensions: [{ Name: 'FunctionName', Value: { Ref: `${id}LambdaFunction` } }],
        Statistic: 'Sum',
        // Two failures are in one period, even if each of them takes the whole timeout.
        Period: Math.max(300, Math.ceil((3 * timeout) / 60) * 60),
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: 'GreaterThanThreshold',
        TreatMissingData: 'notBreaching',
      },
    },
  }
}
