import { CloudWatchClient, paginateDescribeAlarms } from '@aws-sdk/client-cloudwatch'
import {
  GetAccountSettingsCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
} from '@aws-sdk/client-lambda'
import {
  GetBucketLifecycleConfigurationCommand,
  type GetBucketLifecycleConfigurationCommandOutput,
  GetBucketNotificationConfigurationCommand,
  GetPublicAccessBlockCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { paginateListSubscriptionsByTopic, SNSClient } from '@aws-sdk/client-sns'
import { GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs'
import { hasApiKeys, openBucket } from '@darkroom/bucket'
import { placePrefix } from '@darkroom/core'
import { checkCollector } from './check-collector.ts'
import { checkConcurrency } from './check-concurrency.ts'
import { checkCatalogueQueues, checkQueues } from './check-queues.ts'
import {
  checkDecoder,
  checkFunctions,
  checkStacks,
  type Deployment,
  functionOf,
  readDeployment,
  settingOf,
} from './deployment.ts'
import { type Check, type Checked, type Finding, ok, problem, runChecks, warning } from './findings.ts'

/**
 * Reads a stage on AWS with the SDK's own credentials and region. Changes nothing.
 *
 * @param url of its API, if that is not the one in the outputs of its stack
 */
export async function examineDeployment(stage: string, url?: string): Promise<Checked[]> {
  const deployment = await readDeployment(stage)
  const checks: Check[] = [['stacks', () => checkStacks(deployment)]]
  if (deployment['upload-api'] && deployment['image-processor']) {
    checks.push(
      ['functions', () => checkFunctions(deployment)],
      ['decoder', () => checkDecoder(deployment)],
      ['API', () => checkApi(url ?? deployment['upload-api']?.outputs.HttpApiUrl)],
      ['API keys', () => checkApiKeys(deployment, stage)],
      ['bucket', () => checkBucket(deployment)],
      ['events', () => checkEvents(deployment)],
      ['collector', () => checkCollectorOf(deployment, stage)],
      ['queues', () => checkQueuesOf(deployment, stage)],
      ['consumer', () => checkConsumer(deployment)],
      ['alarms', () => checkAlarms(stage)],
      ['who is told', () => checkSubscriptions(deployment, stage)],
    )
  }
  return runChecks(checks)
}

async function checkApi(url: string | undefined): Promise<Finding[]> {
  if (!url) return [problem('The stack of upload-api has no output HttpApiUrl.', 'Deploy upload-api again.')]
  const response = await fetch(`${url}/v1/ready`)
  if (!response.ok) {
    return [problem(`${url}/v1/ready answers ${response.status}.`, 'See the log of the function ready.')]
  }
  const { queue } = (await response.json()) as { queue?: string }
  if (queue === 'ok') return [ok(`${url} is ready`)]
  return [
    warning(
      'The API does not reach the image queue: uploads are accepted, and wait.',
      'docs/operations.md, "Alarms".',
    ),
  ]
}

async function checkApiKeys(deployment: Deployment, stage: string): Promise<Finding[]> {
  const bucket = openBucket(settingOf(deployment['upload-api'], 'BUCKET') ?? '')
  const exists = await hasApiKeys(bucket)
  bucket.s3.destroy()
  if (exists) return [ok('at least one app has an API key')]
  const advice = `Make one: pnpm darkroom keys create --app APP --stage ${stage}`
  return [problem('No app has an API key: every request is 401.', advice)]
}

async function checkBucket(deployment: Deployment): Promise<Finding[]> {
  const Bucket = settingOf(deployment['upload-api'], 'BUCKET')
  const client = new S3Client()
  const [lifecycle, access] = await Promise.all([
    client.send(new GetBucketLifecycleConfigurationCommand({ Bucket })).catch(withoutRules),
    client.send(new GetPublicAccessBlockCommand({ Bucket })),
  ])
  client.destroy()
  const rules = (lifecycle.Rules ?? []).filter(({ Status }) => Status === 'Enabled')
  const { PublicAccessBlockConfiguration: block } = access
  const isPrivate = block?.BlockPublicAcls && block.BlockPublicPolicy && block.RestrictPublicBuckets
  return [
    rules.length > 0
      ? ok(`${Bucket}: ${rules.length} lifecycle rules`)
      : problem(`${Bucket} has no lifecycle rule: nothing is deleted.`, 'Deploy image-processor again.'),
    ...(isPrivate
      ? []
      : [problem(`${Bucket} does not block public access.`, 'Deploy image-processor again.')]),
  ]
}

/** S3 answers 404 for a bucket without lifecycle rules. */
function withoutRules(error: Error): GetBucketLifecycleConfigurationCommandOutput {
  if (error.name !== 'NoSuchLifecycleConfiguration') throw error
  return { $metadata: {} }
}

/** What the watch queue repairs, and what the outcomes queue announces. */
const WITH_EVENTS = (['input', 'uploads', 'erasing', 'metadata'] as const).map(placePrefix)

async function checkEvents(deployment: Deployment): Promise<Finding[]> {
  const Bucket = settingOf(deployment['upload-api'], 'BUCKET')
  const client = new S3Client()
  const { QueueConfigurations = [] } = await client.send(
    new GetBucketNotificationConfigurationCommand({ Bucket }),
  )
  client.destroy()
  const rules = QueueConfigurations.flatMap(({ Filter }) => Filter?.Key?.FilterRules ?? [])
  // Answers have been seen with "Prefix", requests have "prefix".
  const prefixes = rules.filter(({ Name }) => Name?.toLowerCase() === 'prefix').map(({ Value }) => Value)
  const missing = WITH_EVENTS.filter((prefix) => !prefixes.includes(prefix))
  if (missing.length === 0) return [ok(`S3 sends the events of ${WITH_EVENTS.join(', ')}`)]
  return [
    problem(
      `S3 sends no events of ${missing.join(', ')}: nothing there is repaired or announced.`,
      'Deploy image-processor again.',
    ),
  ]
}

async function checkCollectorOf(deployment: Deployment, stage: string): Promise<Finding[]> {
  const topic = deployment['image-processor']?.outputs.EventsTopicArn
  // Without analysts there is nothing to collect.
  if (!deployment['analytics-catalog'] || !topic) return []
  const sns = new SNSClient()
  try {
    return await checkCollector(sns, topic, `darkroom-${stage}-collect`)
  } finally {
    sns.destroy()
  }
}

async function checkQueuesOf(deployment: Deployment, stage: string): Promise<Finding[]> {
  const sqs = new SQSClient()
  const urlOf = async (name: string) => {
    const QueueName = `darkroom-${stage}-${name}`
    return (await sqs.send(new GetQueueUrlCommand({ QueueName }))).QueueUrl ?? ''
  }
  try {
    const findings = await checkQueues(sqs, urlOf)
    return deployment['analytics-catalog']
      ? [...findings, ...(await checkCatalogueQueues(sqs, urlOf))]
      : findings
  } finally {
    sqs.destroy()
  }
}

async function checkConsumer(deployment: Deployment): Promise<Finding[]> {
  const { FunctionName } = functionOf(deployment['image-processor'], 'processImages') ?? {}
  const lambda = new LambdaClient()
  const { EventSourceMappings = [] } = await lambda.send(new ListEventSourceMappingsCommand({ FunctionName }))
  const [mapping] = EventSourceMappings
  const findings: Finding[] = []
  if (mapping?.State === 'Enabled') findings.push(ok('processImages receives from the image queue'))
  else {
    const advice = 'Enable it: docs/operations.md has the command.'
    findings.push(problem(`The trigger of processImages is ${mapping?.State ?? 'missing'}.`, advice))
  }
  const { AccountLimit } = await lambda.send(new GetAccountSettingsCommand({}))
  lambda.destroy()
  const consumers = mapping?.ScalingConfig?.MaximumConcurrency ?? 0
  return [...findings, ...checkConcurrency(AccountLimit ?? {}, consumers)]
}

async function checkAlarms(stage: string): Promise<Finding[]> {
  const client = new CloudWatchClient()
  const alarms: { AlarmName?: string | undefined; StateValue?: string | undefined }[] = []
  for await (const page of paginateDescribeAlarms({ client }, { AlarmNamePrefix: `darkroom-${stage}-` })) {
    alarms.push(...(page.MetricAlarms ?? []))
  }
  client.destroy()
  const ringing = alarms.filter(({ StateValue }) => StateValue === 'ALARM')
  if (alarms.length === 0)
    return [problem('There are no alarms.', 'Deploy image-processor and upload-api again.')]
  if (ringing.length === 0) return [ok(`${alarms.length} alarms, none in the state ALARM`)]
  return ringing.map(({ AlarmName }) =>
    problem(`The alarm ${AlarmName} is in the state ALARM.`, 'docs/operations.md has a section for it.'),
  )
}

async function checkSubscriptions(deployment: Deployment, stage: string): Promise<Finding[]> {
  const [, , , region, account] =
    functionOf(deployment['upload-api'], 'health')?.FunctionArn?.split(':') ?? []
  const TopicArn = `arn:aws:sns:${region}:${account}:darkroom-${stage}-alarms`
  const client = new SNSClient()
  const subscriptions: { Endpoint?: string | undefined; SubscriptionArn?: string | undefined }[] = []
  for await (const page of paginateListSubscriptionsByTopic({ client }, { TopicArn })) {
    subscriptions.push(...(page.Subscriptions ?? []))
  }
  client.destroy()
  const confirmed = subscriptions.filter(({ SubscriptionArn }) => SubscriptionArn?.startsWith('arn:'))
  if (confirmed.length > 0)
    return [ok(`alarms notify ${confirmed.map(({ Endpoint }) => Endpoint).join(', ')}`)]
  const [pending] = subscriptions
  if (pending) {
    return [
      warning(
        `${pending.Endpoint} has not confirmed the subscription.`,
        'Open the link in the email from AWS.',
      ),
    ]
  }
  return [warning('The alarms notify nobody.', 'Set alarmEmail of image-processor and deploy it.')]
}
