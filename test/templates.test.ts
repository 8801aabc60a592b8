import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configurationForServerless, readConfiguration, retentionOf } from '@darkroom/app-configuration'
import { auditBucketOf, auditPrefix } from '@darkroom/core'
import { lifecycleRules } from '@darkroom/retention'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { ANNOUNCING, COLLECTING } from '../bench/scale/catalogue.ts'
import { DEFAULT_LIMITS } from '../bench/scale/limits.ts'
import { documentedTable } from '../services/upload-api/src/testing/documented-table.ts'
import { parseMetricsInsights } from './metrics-insights.ts'
import { packageService, type Resource, type ServicePackage } from './package-service.ts'
import { resolveIntrinsics } from './resolve-intrinsics.ts'
import { inTurn, runServerless } from './run-serverless.ts'

const SERVICES = ['upload-api', 'kafka-bridge', 'image-processor', 'analytics-catalog'] as const
/** The longest name that a stage can have. */
const STAGE = 'preview-pull-request'
const MEGABYTE = 1024 * 1024

const packages: Record<string, ServicePackage> = {}
let refused: Promise<string>
let unbuildable: Promise<string>
beforeAll(async () => {
  const packaged = SERVICES.map(async (service) => {
    packages[service] = await packageService(service, {}, {}, STAGE)
  })
  refused = messageOf(packageService('analytics-catalog', {}, {}, 'Prod'))
  unbuildable = messageOf(inTurn(packageUnbuildable))
  await Promise.all(packaged)
}, 900_000)

const messageOf = (failing: Promise<unknown>) =>
  failing.then(
    () => 'It was packaged',
    ({ message }) => message,
  )

/** A service with a function whose imports do not exist, after one that can be built. */
async function packageUnbuildable(): Promise<void> {
  const cache = join(import.meta.dirname, '../.cache')
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'unbuildable-'))
  try {
    await writeFile(
      join(folder, 'serverless.yml'),
      `service: unbuildable
plugins: [serverless-esbuild]
provider: { name: aws, runtime: nodejs24.x }
package: { individually: true }
custom: { esbuild: { config: ../../esbuild.config.cjs, logLevel: silent } }
functions: { sound: { handler: sound.handler }, broken: { handler: broken.handler } }`,
    )
    await writeFile(join(folder, 'sound.ts'), 'export const handler = () => 1')
    await writeFile(join(folder, 'broken.ts'), "\nexport { handler } from './nothing.ts'")
    await runServerless({ folder, args: ['package'], environment: process.env })
  } finally {
    await rm(folder, { recursive: true })
  }
}

function packageOf(service: string): ServicePackage {
  const made = packages[service]
  if (!made) throw new Error(`${service} was not packaged`)
  return made
}

/** All resources of a type, by logical id, with their properties resolved. */
function resourcesOf(service: string, type: string): Record<string, Resource> {
  const { resources } = packageOf(service)
  const own = Object.entries(resources).filter(([, { Type }]) => Type === type)
  const resolved = own.map(([id, resource]) => [id, resolveIntrinsics(resource, resources) as Resource])
  return Object.fromEntries(resolved)
}

const propertiesOf = (service: string, type: string) =>
  Object.values(resourcesOf(service, type)).map(({ Properties }) => Properties)

interface Statement {
  Effect: string
  Action: string[]
  Resource: string | string[]
  Condition?: Record<string, Record<string, string | string[]>>
}

/** The permissions of a function. */
function statementsOf(service: string, roleId: string): Statement[] {
  const role = resourcesOf(service, 'AWS::IAM::Role')[roleId]
  expect(role?.Properties.ManagedPolicyArns ?? []).toEqual([])
  return role?.Properties.Policies.flatMap(
    (policy: { PolicyDocument: { Statement: Statement[] } }) => policy.PolicyDocument.Statement,
  )
}

const roleIdOf = (lambda: Record<string, unknown>) => String(lambda.Role).replace(/\.Arn$/, '')

describe.each(SERVICES)('every function of %s', (service) => {
  const lambdas = () => propertiesOf(service, 'AWS::Lambda::Function')

  test('runs on Node 24 and arm64', () => {
    expect(lambdas().length).toBeGreaterThan(0)
    for (const lambda of lambdas()) {
      expect(lambda).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'] })
    }
  })

  test('starts without reading a source map', () => {
    for (const { Environment } of lambdas()) expect(Environment.Variables).not.toHaveProperty('NODE_OPTIONS')
  })

  test('has its own role', () => {
    const roles = resourcesOf(service, 'AWS::IAM::Role')
    const used = lambdas().map(roleIdOf)
    expect(new Set(used).size).toBe(lambdas().length)
    for (const id of used) expect(roles).toHaveProperty(id)
  })

  test('has only specific permissions', () => {
    for (const lambda of lambdas()) {
      for (const { Effect, Action, Resource } of statementsOf(service, roleIdOf(lambda))) {
        expect(Effect).toBe('Allow')
        expect([Action].flat().filter((action) => action.includes('*'))).toEqual([])
        for (const resource of [Resource].flat()) {
          if (resource.endsWith(`:log-group:/aws/lambda/${lambda.FunctionName}:*:*`)) continue
          expect(resource).toMatch(
            /^arn:aws:(?:s3:::(?:cataloguebucket\/\*|[^*/]+(?:\/[a-z]+\/\*(?:\.[a-z]+)?)?)|(?:sqs|sns|secretsmanager|athena|glue|dynamodb):[^*]+)$/,
          )
        }
      }
    }
  })

  test('has a zip of less than 15 MB with its handler', () => {
    const { archives } = packageOf(service)
    for (const { FunctionName, Handler } of lambdas()) {
      const { bytes, files } = archives[FunctionName.split('-').at(-1)] ?? { bytes: Infinity, files: [] }
      expect(bytes).toBeLessThan(15 * MEGABYTE)
      expect(files).toContain(Handler.replace(/\.handler$/, '.mjs'))
    }
  })

  test('writes no traces, which cost, unless it is told to', () => {
    for (const lambda of lambdas()) {
      expect(lambda.TracingConfig).toEqual({ Mode: 'PassThrough' })
      expect(JSON.stringify(statementsOf(service, roleIdOf(lambda)))).not.toContain('xray')
    }
  })

  test('deletes its logs after 30 days', () => {
    const groups = propertiesOf(service, 'AWS::Logs::LogGroup')
    const names = groups.map(({ LogGroupName }) => LogGroupName)
    for (const { FunctionName } of lambdas()) expect(names).toContain(`/aws/lambda/${FunctionName}`)
    for (const { RetentionInDays } of groups) expect(RetentionInDays).toBe(30)
  })
})

test("the image processor's zip has sharp, libvips and koffi for the configured architecture only", () => {
  const { files = [] } = packageOf('image-processor').archives.processImages ?? {}
  const native = files.filter((file) => /\.(node|so[.\d]*)$/.test(file))
  expect(native.map((file) => file.split('/')[2]).sort()).toEqual([
    'koffi-linux-arm64',
    'sharp-libvips-linux-arm64',
    'sharp-linux-arm64',
  ])
})

describe.each(SERVICES)('every bucket of %s', (service) => {
  test('is private, encrypted and accessible only over TLS', () => {
    const policies = propertiesOf(service, 'AWS::S3::BucketPolicy')
    for (const [id, { Properties }] of Object.entries(resourcesOf(service, 'AWS::S3::Bucket'))) {
      const name = resolveIntrinsics({ Ref: id }, packageOf(service).resources)
      expect(Properties.PublicAccessBlockConfiguration).toEqual({
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      })
      const [encryption] = Properties.BucketEncryption.ServerSideEncryptionConfiguration
      expect(encryption.ServerSideEncryptionByDefault).toEqual({ SSEAlgorithm: 'AES256' })
      const policy = policies.find(({ Bucket }) => Bucket === name)
      expect(policy?.PolicyDocument.Statement[0]).toEqual(
        expect.objectContaining({
          Effect: 'Deny',
          Principal: '*',
          Action: 's3:*',
          Resource: expect.arrayContaining([`arn:aws:s3:::${name}`, `arn:aws:s3:::${name}/*`]),
          Condition: { Bool: { 'aws:SecureTransport': false } },
        }),
      )
    }
  })
})

describe('the audit trail', () => {
  const one = (type: string, service = 'image-processor') => propertiesOf(service, type)

  test('has a bucket of its own that keeps every version, in which nobody deletes, for its own retention', () => {
    const { AuditBucket } = resourcesOf('image-processor', 'AWS::S3::Bucket')
    expect(AuditBucket).toMatchObject({
      DeletionPolicy: 'RetainExceptOnCreate',
      Properties: {
        VersioningConfiguration: { Status: 'Enabled' },
        LifecycleConfiguration: { Rules: [{ Status: 'Enabled', ExpirationInDays: 400 }] },
      },
    })
    const name = AuditBucket?.Properties.BucketName
    expect(name).toBe(
      auditBucketOf(resourcesOf('image-processor', 'AWS::S3::Bucket').Bucket?.Properties.BucketName),
    )
    const policy = one('AWS::S3::BucketPolicy').find(({ Bucket }) => Bucket === name)
    expect(policy?.PolicyDocument.Statement[1]).toMatchObject({
      Effect: 'Deny',
      Principal: '*',
      Action: ['s3:DeleteObject', 's3:DeleteObjectVersion'],
      Resource: `arn:aws:s3:::${name}/*`,
    })
    const used = SERVICES.flatMap((service) =>
      one('AWS::Lambda::Function', service).flatMap((lambda) => statementsOf(service, roleIdOf(lambda))),
    )
    expect(JSON.stringify(used)).not.toMatch(/firehose|arn:aws:s3:::audit-/)
  })

  test('gets the lines of every function that can write one, and stores their text alone, by day', () => {
    const [stream] = one('AWS::KinesisFirehose::DeliveryStream')
    const destination = stream?.ExtendedS3DestinationConfiguration
    expect(destination).toMatchObject({
      Prefix: auditPrefix('2026-11-23').replace('2026-11-23', '!{timestamp:yyyy-MM-dd}'),
      CompressionFormat: 'GZIP',
      ProcessingConfiguration: {
        Enabled: true,
        Processors: [{ Type: 'Decompression' }, { Type: 'CloudWatchLogProcessing' }],
      },
    })
    const roles = one('AWS::IAM::Role').map(({ RoleName }) => RoleName)
    for (const service of ['upload-api', 'kafka-bridge']) {
      const groups = Object.entries(resourcesOf(service, 'AWS::Logs::LogGroup'))
        .filter(([, { Properties }]) => Properties.LogGroupName.startsWith('/aws/lambda/'))
        .map(([id]) => `${id}.Ref`)
      const filters = one('AWS::Logs::SubscriptionFilter', service)
      expect(filters.map(({ LogGroupName }) => LogGroupName).toSorted()).toEqual(groups.toSorted())
      for (const { FilterPattern, DestinationArn, RoleArn } of filters) {
        expect(FilterPattern).toBe('{ $.audit = 1 }')
        expect(DestinationArn.split('/').at(-1)).toBe(stream?.DeliveryStreamName)
        expect(roles).toContain(RoleArn.split('/').at(-1))
      }
    }
    for (const service of ['image-processor', 'analytics-catalog'] as const)
      expect(
        readFileSync(join(import.meta.dirname, `../services/${service}/serverless.yml`), 'utf8'),
      ).not.toContain('auditTrail')
  })

  test('is never switched off: no template sets the level of the logs', () => {
    for (const service of SERVICES)
      expect(JSON.stringify(packageOf(service).resources)).not.toContain('POWERTOOLS_LOG_LEVEL')
  })

  test('counts refused credentials and erasures in the access log', () => {
    const format = one('AWS::ApiGatewayV2::Stage', 'upload-api')[0]?.AccessLogSettings.Format
    expect(JSON.parse(format.replaceAll(/:(\$[\w.]+)/g, ':"$1"'))).toMatchObject({
      refusal: '$context.authorizer.refusal',
      route: '$context.routeKey',
    })
    const metrics = one('AWS::Logs::MetricFilter', 'upload-api')
      .filter(({ LogGroupName }) => LogGroupName === 'HttpApiLogGroup.Ref')
      .map(({ MetricTransformations: [metric] }) => [metric.MetricNamespace, metric.MetricName])
    const alarms = one('AWS::CloudWatch::Alarm', 'upload-api').map(({ Namespace, MetricName }) => [
      Namespace,
      MetricName,
    ])
    for (const metric of metrics) expect(alarms).toContainEqual(metric)
    const names = metrics.map(([, name]) => name)
    expect(names).toEqual(expect.arrayContaining(['FailedLogins', 'ImagesErased']))
  })
})

describe('the bucket of images', () => {
  const bucket = () => resourcesOf('image-processor', 'AWS::S3::Bucket').Bucket

  test('is kept when its stack is deleted, but not when its creation fails, and has no ACLs', () => {
    expect(bucket()).toMatchObject({
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
      Properties: { OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] } },
    })
  })

  test('has a retention for each prefix, the longest for metadata', () => {
    const Rules = bucket()?.Properties.LifecycleConfiguration.Rules ?? []
    for (const { Status } of Rules) expect(Status).toBe('Enabled')
    const expiring = Rules.filter((rule: { Prefix?: string }) => rule.Prefix !== undefined)
    const days: Record<string, number> = Object.fromEntries(
      expiring.map((rule: { Prefix: string; ExpirationInDays: number }) => [
        rule.Prefix,
        rule.ExpirationInDays,
      ]),
    )
    expect(days).toEqual({
      'input/': 30,
      'processed/': 365,
      'metadata/': 730,
      'claims/': 7,
      'hashes/': 30,
      'events/': 730,
      'linked/': 730,
      'rejected/': 30,
      'uploads/': 1,
      'collected/outcomes/': 3,
      'collected/': 90,
    })
    expect(Rules).toContainEqual(
      expect.objectContaining({
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
        NoncurrentVersionExpiration: { NoncurrentDays: 1 },
      }),
    )
  })

  test('has the retention of the configuration, whose digest is in all functions', async () => {
    const { Rules } = bucket()?.Properties.LifecycleConfiguration ?? {}
    expect(Rules).toEqual(lifecycleRules(retentionOf(readConfiguration())))
    for (const service of SERVICES) {
      for (const { Environment } of propertiesOf(service, 'AWS::Lambda::Function')) {
        expect(Environment.Variables.APPS_DIGEST).toBe(configurationForServerless().digest)
      }
    }
  })
})

describe('the queues', () => {
  const queues = () => resourcesOf('image-processor', 'AWS::SQS::Queue')
  const arn = (name: string) => `arn:aws:sqs:us-east-1:123456789012:${name}`
  const mappings = () => propertiesOf('image-processor', 'AWS::Lambda::EventSourceMapping')
  const lambdaOf = ({ FunctionName }: Record<string, unknown>) =>
    resourcesOf('image-processor', 'AWS::Lambda::Function')[String(FunctionName).replace(/\.Arn$/, '')]

  test('are encrypted', () => {
    expect(Object.keys(queues())).toEqual([
      'ImageQueue',
      'DeadLetterQueue',
      'ParkedQueue',
      'OutcomesQueue',
      'OutcomesDeadLetterQueue',
      'WatchQueue',
    ])
    for (const { Properties } of Object.values(queues())) expect(Properties.SqsManagedSseEnabled).toBe(true)
  })

  test('move messages that fail to the next queue, which keeps them longer', () => {
    const { ImageQueue, DeadLetterQueue, ParkedQueue, WatchQueue, OutcomesQueue, OutcomesDeadLetterQueue } =
      queues()
    expect(ImageQueue?.Properties.RedrivePolicy).toEqual({
      deadLetterTargetArn: arn(`darkroom-${STAGE}-images-dead-letters`),
      maxReceiveCount: 5,
    })
    expect(DeadLetterQueue?.Properties.RedrivePolicy).toEqual({
      deadLetterTargetArn: arn(`darkroom-${STAGE}-images-parked`),
      maxReceiveCount: 1000,
    })
    expect(WatchQueue?.Properties.RedrivePolicy).toEqual({
      deadLetterTargetArn: arn(`darkroom-${STAGE}-images-parked`),
      maxReceiveCount: 1000,
    })
    // While S3 and SQS are away for the functions, messages are received again and again.
    for (const queue of [DeadLetterQueue, WatchQueue, OutcomesQueue]) {
      const { VisibilityTimeout, RedrivePolicy } = queue?.Properties ?? {}
      expect(VisibilityTimeout * RedrivePolicy.maxReceiveCount).toBeGreaterThanOrEqual(4 * 86_400)
    }
    expect(OutcomesQueue?.Properties.RedrivePolicy).toEqual({
      deadLetterTargetArn: arn(`darkroom-${STAGE}-outcomes-dead-letters`),
      maxReceiveCount: 1000,
    })
    const retention = [ImageQueue, DeadLetterQueue, ParkedQueue, OutcomesQueue, OutcomesDeadLetterQueue].map(
      (queue) => queue?.Properties.MessageRetentionPeriod,
    )
    expect(retention).toEqual([345_600, 1_209_600, 1_209_600, 345_600, 1_209_600])
  })

  test('have one consumer each, with limited concurrency and partial batch responses', () => {
    expect(mappings().map(({ EventSourceArn }) => EventSourceArn)).toEqual([
      arn(`darkroom-${STAGE}-images`),
      arn(`darkroom-${STAGE}-images-dead-letters`),
      arn(`darkroom-${STAGE}-outcomes`),
    ])
    for (const mapping of mappings()) {
      expect(mapping).toMatchObject({ Enabled: true, FunctionResponseTypes: ['ReportBatchItemFailures'] })
      expect(mapping.ScalingConfig.MaximumConcurrency).toBeGreaterThanOrEqual(2)
    }
  })

  test('have a visibility timeout of six times the timeout of their consumer', () => {
    const consumed = mappings().map((mapping) => {
      const queue = Object.values(queues()).find(
        ({ Properties }) => arn(Properties.QueueName) === mapping.EventSourceArn,
      )
      const window = mapping.MaximumBatchingWindowInSeconds ?? 0
      return {
        timeout: lambdaOf(mapping)?.Properties.Timeout,
        hidden: queue?.Properties.VisibilityTimeout - window,
      }
    })
    expect(consumed).toHaveLength(3)
    for (const { timeout, hidden } of consumed) expect(hidden).toBeGreaterThanOrEqual(6 * timeout)
  })

  test('have events of S3 in the watch queue, which upload-api consumes', () => {
    const { WatchQueue } = queues()
    const bucket = resourcesOf('image-processor', 'AWS::S3::Bucket').Bucket
    const { QueueConfigurations } = bucket?.Properties.NotificationConfiguration ?? {}
    const watched = QueueConfigurations.filter(
      ({ Queue }: { Queue: string }) => Queue === arn(`darkroom-${STAGE}-images-watch`),
    )
    expect(
      watched.map(({ Event, Filter }: { Event: string; Filter: { S3Key: { Rules: object[] } } }) => [
        Event,
        Filter.S3Key.Rules,
      ]),
    ).toEqual(
      ['input/', 'uploads/', 'erasing/'].map((Value) => ['s3:ObjectCreated:*', [{ Name: 'prefix', Value }]]),
    )
    expect(bucket?.DependsOn).toContain('WatchQueuePolicy')
    const [policy] = propertiesOf('image-processor', 'AWS::SQS::QueuePolicy').filter(
      ({ PolicyDocument }) => PolicyDocument.Statement[0].Resource === arn(`darkroom-${STAGE}-images-watch`),
    )
    expect(policy?.PolicyDocument.Statement[0]).toMatchObject({
      Effect: 'Allow',
      Principal: { Service: 's3.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Condition: {
        StringEquals: { 'aws:SourceAccount': '123456789012' },
        ArnEquals: { 'aws:SourceArn': `arn:aws:s3:::${bucket?.Properties.BucketName}` },
      },
    })
    const [mapping, ...others] = propertiesOf('upload-api', 'AWS::Lambda::EventSourceMapping')
    expect(others).toEqual([])
    expect(mapping).toMatchObject({
      EventSourceArn: arn(`darkroom-${STAGE}-images-watch`),
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    })
    const consumer = propertiesOf('upload-api', 'AWS::Lambda::Function').find(({ FunctionName }) =>
      FunctionName.endsWith('-watchImages'),
    )
    expect(WatchQueue?.Properties.VisibilityTimeout).toBeGreaterThanOrEqual(6 * consumer?.Timeout)
    expect(String(WatchQueue?.Properties.DelaySeconds)).toBe(
      String(consumer?.Environment.Variables.WATCH_DELAY_SECONDS),
    )
  })

  test('raise an alarm when an operator is needed', () => {
    expect(
      resourcesOf('image-processor', 'AWS::CloudWatch::Alarm').ParkedMessagesAlarm?.Properties,
    ).toMatchObject({
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Threshold: 0,
      ComparisonOperator: 'GreaterThanThreshold',
    })
  })
})

/** What a function may do with objects in the bucket of images, by prefix. */
function accessOf(service: string, id: string): string[] {
  const prefixesOf = (...actions: string[]) => {
    const granted = statementsOf(service, id).filter(({ Action }) =>
      [Action].flat().some((action) => actions.includes(action)),
    )
    const arns = granted.flatMap(({ Resource }) => Resource)
    const prefixes = arns.flatMap(
      (arn) => /(?:^Bucket\.Arn|:::darkroom-[^/]*)\/([a-z]+)\//.exec(arn)?.[1] ?? [],
    )
    return [...new Set(prefixes)].toSorted().join(' ')
  }
  return [prefixesOf('s3:GetObject'), prefixesOf('s3:PutObject'), prefixesOf('s3:DeleteObject')]
}

/** The prefixes that a function may list in the bucket of images; `*` if it may list all. */
function listedBy(service: string, id: string): string[] {
  const isBucket = (arn: string) => /^Bucket\.Arn$|:::darkroom-[^/]*$/.test(arn)
  return statementsOf(service, id)
    .filter(({ Action }) => [Action].flat().includes('s3:ListBucket'))
    .filter(({ Resource }) => [Resource].flat().some(isBucket))
    .flatMap(({ Condition }) => Condition?.StringLike?.['s3:prefix'] ?? ['*'])
    .map((prefix: string) => prefix.replace(/\/\*$/, ''))
}

describe('the objects of the bucket of images', () => {
  const rolesOf = () =>
    SERVICES.flatMap((service) =>
      propertiesOf(service, 'AWS::Lambda::Function').map((lambda): [string, string, string] => [
        String(lambda.FunctionName).split('-').at(-1) ?? '',
        service,
        roleIdOf(lambda),
      ]),
    )
  const rows = () =>
    rolesOf()
      .map(([name, service, role]) => [name, ...accessOf(service, role)])
      .filter(([, ...access]) => access.some((prefixes) => prefixes !== ''))

  test('are open to each function as docs/security.md says', async () => {
    const plain = (cell: string) => cell.replaceAll('`', '')
    const documented = await documentedTable('Functions and prefixes')
    expect(rows()).toEqual(documented.map((row) => row.map(plain)))
  })

  test('are listed under the prefixes that a function reads, where one can be missing, and few others', () => {
    const more = rolesOf().flatMap(([name, service, role]) => {
      const listed = listedBy(service, role)
      const read = (accessOf(service, role)[0] ?? '').split(' ').filter(Boolean)
      expect([name, listed]).toEqual([name, expect.arrayContaining(listed.length > 0 ? read : [])])
      const others = listed.filter((prefix) => !read.includes(prefix))
      return others.length > 0 ? [`${name}: ${others.join(' ')}`] : []
    })
    expect(more.toSorted()).toEqual([
      'eraseImage: processed uploads',
      'getImage: erasing',
      'listImages: erasing',
      'processImages: processed uploads',
      'ready: *',
      'reconcileImages: erasing processed',
      'reconcileRows: metadata',
      'settleDeadLetters: processed uploads',
      'watchImages: processed',
    ])
  })

  test('have no versions, in which an erased image would be kept', () => {
    const { Bucket } = resourcesOf('image-processor', 'AWS::S3::Bucket')
    expect(Bucket?.Properties).not.toHaveProperty('VersioningConfiguration')
  })

  test('are no originals to who has a URL that a function for statuses signed', () => {
    for (const name of ['getImage', 'listImages']) {
      const lambda = propertiesOf('upload-api', 'AWS::Lambda::Function').find(({ FunctionName }) =>
        String(FunctionName).endsWith(`-${name}`),
      )
      const onOriginals = statementsOf('upload-api', roleIdOf(lambda ?? {})).filter(({ Resource }) =>
        [Resource].flat().some((arn) => arn.endsWith('/input/*')),
      )
      expect(onOriginals).toEqual([
        {
          Effect: 'Allow',
          Action: ['s3:GetObject'],
          Resource: expect.stringMatching(/\/input\/\*$/),
          Condition: { StringNotEquals: { 's3:authType': 'REST-QUERY-STRING' } },
        },
      ])
    }
  })
})

test('nothing but the authorizer reaches the records of API keys', () => {
  const records = /\/credentials\/|^(Bucket\.Arn|arn:aws:s3:::darkroom-[^/]*)\/\*$/
  const reaching = SERVICES.flatMap((service) =>
    Object.keys(resourcesOf(service, 'AWS::IAM::Role')).filter((id) =>
      statementsOf(service, id).some(({ Resource }) => [Resource].flat().some((arn) => records.test(arn))),
    ),
  )
  expect(reaching).toEqual([expect.stringMatching(/^Authorize/)])
})

const maySendTo =
  (queue: string) =>
  ({ Action, Resource }: Statement): boolean =>
    Action.includes('sqs:SendMessage') && [Resource].flat().includes(queue)

describe('the outcomes', () => {
  const QUEUE = `arn:aws:sqs:us-east-1:123456789012:darkroom-${STAGE}-outcomes`

  test('are announced by the bucket to their queue, which lets only this bucket send, functions that refuse images, and the reconcile', () => {
    const bucket = resourcesOf('image-processor', 'AWS::S3::Bucket').Bucket
    expect(bucket?.Properties.NotificationConfiguration.QueueConfigurations).toContainEqual({
      Event: 's3:ObjectCreated:*',
      Filter: { S3Key: { Rules: [{ Name: 'prefix', Value: 'metadata/' }] } },
      Queue: QUEUE,
    })
    expect(packageOf('image-processor').resources.Bucket).toMatchObject({
      DependsOn: expect.arrayContaining(['OutcomesQueuePolicy']),
    })
    const policies = propertiesOf('image-processor', 'AWS::SQS::QueuePolicy')
    const policy = policies.find(({ Queues }) => String(Queues).endsWith('-outcomes'))
    expect(policy?.PolicyDocument.Statement).toMatchObject([
      {
        Effect: 'Allow',
        Principal: { Service: 's3.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: QUEUE,
        Condition: {
          StringEquals: { 'aws:SourceAccount': '123456789012' },
          ArnEquals: { 'aws:SourceArn': `arn:aws:s3:::darkroom-${STAGE}-123456789012-us-east-1` },
        },
      },
      { Effect: 'Deny', Sid: 'OnlyTheseSend', Resource: QUEUE },
    ])
    const refusing = policy?.PolicyDocument.Statement[1].Condition.ArnNotLike['aws:PrincipalArn'] as string[]
    const senders = SERVICES.flatMap((service) =>
      Object.entries(resourcesOf(service, 'AWS::IAM::Role'))
        .filter(([id]) => statementsOf(service, id).some(maySendTo(QUEUE)))
        .map(([, { Properties }]) => Properties.RoleName),
    )
    expect(refusing.map((arn) => arn.split(':role/')[1]).toSorted()).toEqual(senders.toSorted())
    expect(senders).toHaveLength(8)
  })

  test('are published to the topic by one function, which may write nothing', () => {
    const role = statementsOf('image-processor', 'AnnounceOutcomesIamRoleLambdaExecution')
    const actions = role.flatMap(({ Action }) => Action)
    expect(actions).toContain('sns:Publish')
    expect(actions.filter((action) => /^s3:(Put|Delete)|^sqs:Send/.test(action))).toEqual([])
    expect(propertiesOf('image-processor', 'AWS::SNS::Topic')).toContainEqual({
      TopicName: `darkroom-${STAGE}-events`,
      KmsMasterKeyId: 'alias/aws/sns',
    })
  })
})

describe('names that are defined in two places', () => {
  test.each(['upload-api', 'kafka-bridge', 'analytics-catalog'])('are the same in %s', (service) => {
    const owner = packageOf('image-processor').resources
    const { BUCKET, QUEUE_URL } = resolveIntrinsics(
      { BUCKET: { Ref: 'Bucket' }, QUEUE_URL: { Ref: 'ImageQueue' } },
      owner,
    ) as Record<string, string>
    for (const { Environment } of propertiesOf(service, 'AWS::Lambda::Function')) {
      const { Variables } = Environment
      expect(Variables.BUCKET).toBe(BUCKET)
      expect(Variables.QUEUE_URL).toBe(QUEUE_URL)
    }
    const arnsOf = (ids: string[], resources: Record<string, Resource>) =>
      ids.map((id) => resolveIntrinsics({ 'Fn::GetAtt': [id, 'Arn'] }, resources))
    const own = ['AWS::S3::Bucket', 'AWS::SQS::Queue'].flatMap((type) =>
      arnsOf(Object.keys(resourcesOf(service, type)), packageOf(service).resources),
    )
    const arns = [
      ...arnsOf(['Bucket', 'ImageQueue', 'ParkedQueue', 'WatchQueue', 'OutcomesQueue'], owner),
      ...own,
    ]
    const used = propertiesOf(service, 'AWS::Lambda::Function')
      .flatMap((lambda) => statementsOf(service, roleIdOf(lambda)))
      .flatMap(({ Resource }) => Resource)
      .filter((resource) => /^arn:aws:(s3|sqs):/.test(resource))
    expect(used.length).toBeGreaterThan(0)
    for (const resource of used)
      expect(arns).toContain(resource.replace(/(?:\/[a-z]+)?\/\*(?:\.[a-z]+)?$/, ''))
  })
})

describe("the image processor's zip", () => {
  const archive = () => packageOf('image-processor').archives.processImages
  const matching = (pattern: RegExp) => archive()?.files.filter((file) => pattern.test(file)) ?? []

  test("has libvips and koffi for Lambda's architecture only", () => {
    const binaries = matching(/\.(node|so[.\d]*|dylib|dll)$/)
    expect(binaries.map((file) => file.split('/')[2]).sort()).toEqual([
      'koffi-linux-arm64',
      'sharp-libvips-linux-arm64',
      'sharp-linux-arm64',
    ])
    expect(matching(/@img\/sharp-(?!(libvips-)?linux-arm64\/)/)).toEqual([])
    expect(matching(/jimp|jsquash|\.wasm$/)).toEqual([])
  })

  test('has the watermarks for presets, and no decoder for HEIC', () => {
    expect(matching(/^watermarks\//)).toEqual(['watermarks/darkroom.png'])
    expect(matching(/heif|heic/i)).toEqual([])
  })

  test('has sharp in the program of the engine alone, which no other function has', async () => {
    const unpacked = await mkdtemp(join(tmpdir(), 'zip-'))
    await archive()?.unpack(unpacked)
    const read = (name: string) => readFile(join(unpacked, 'src/handlers', name), 'utf8')
    const handler = await read('process-images-with-sharp.mjs')
    const engine = await read('process-images-with-sharp.engine.mjs')
    await rm(unpacked, { recursive: true })
    expect(handler).not.toMatch(/from ?"sharp"|require\("sharp"\)/)
    expect(engine).toMatch(/from ?"sharp"/)
    const { processImages: _, ...others } = packageOf('image-processor').archives
    for (const { files } of Object.values(others)) expect(files.join()).not.toContain('.engine.')
  })

  test('of the function for dead letters has no engine', () => {
    const { settleDeadLetters } = packageOf('image-processor').archives
    expect(settleDeadLetters?.files.filter((file) => file.startsWith('node_modules/'))).toEqual([])
  })
})

test('no service has a HEIC decoder unless it is configured', () => {
  for (const service of ['upload-api', 'kafka-bridge', 'image-processor']) {
    for (const { Environment } of propertiesOf(service, 'AWS::Lambda::Function')) {
      expect(Environment.Variables.HEIC_DECODER).toBe('none')
    }
  }
})

describe('the queues of image-processor', () => {
  const ROLE = 'arn:aws:iam::123456789012:role/'

  test.each([
    [
      'ImageQueue',
      [
        'ProcessImagesIamRoleLambdaExecution.Arn',
        'SettleDeadLettersIamRoleLambdaExecution.Arn',
        ...[
          'uploadImage',
          'completeUpload',
          'watchImages',
          'reconcileImages',
          'bridgeRecords',
          'bridgeUndelivered',
        ].map((name) => `${ROLE}darkroom-${STAGE}-${name}-us-east-1`),
      ],
    ],
    ['DeadLetterQueue', undefined],
    [
      'ParkedQueue',
      ['SettleDeadLettersIamRoleLambdaExecution.Arn', `${ROLE}darkroom-${STAGE}-watchImages-us-east-1`],
    ],
    [
      'WatchQueue',
      ['watchImages', 'reconcileImages', 'eraseImage', 'processImages', 'settleDeadLetters'].map(
        (name) => `${ROLE}darkroom-${STAGE}-${name}-us-east-1`,
      ),
    ],
  ])('%s takes messages only from its senders and from operators', (id, senders) => {
    const { resources } = packageOf('image-processor')
    const queue = { url: resolveIntrinsics({ Ref: id }, resources), arn: arnOf(id) }
    const policies = propertiesOf('image-processor', 'AWS::SQS::QueuePolicy')
    const policy = policies.find(({ Queues }) => Queues.includes(queue.url))
    const statements = policy?.PolicyDocument.Statement ?? []
    expect(statements.filter(({ Sid }: { Sid: string }) => Sid !== 'BucketSends')).toEqual([
      {
        Sid: 'OnlyTheseSend',
        Effect: 'Deny',
        Principal: '*',
        Action: 'sqs:SendMessage',
        Resource: queue.arn,
        Condition: {
          // The bucket sends to it as a service of AWS.
          ...(id === 'WatchQueue'
            ? { Bool: { 'aws:PrincipalIsAWSService': 'false' } }
            : { Null: { 'aws:PrincipalArn': 'false' } }),
          StringNotLike: { 'aws:PrincipalArn': ['arn:aws:iam::123456789012:root'] },
          ...(senders && { ArnNotLike: { 'aws:PrincipalArn': senders } }),
        },
      },
    ])
  })

  test.each([
    // image-processor's own are in its policy by reference.
    ['images', ['upload-api', 'kafka-bridge']],
    ['images-watch', ['upload-api', 'kafka-bridge', 'image-processor']],
  ])('the senders to %s are the roles that may, also of other services', (name, services) => {
    const roles = services.flatMap((service) =>
      Object.entries(resourcesOf(service, 'AWS::IAM::Role')).map(([id, role]) => ({
        name: `${ROLE}${role.Properties.RoleName}`,
        statements: statementsOf(service, id),
      })),
    )
    const queue = `arn:aws:sqs:us-east-1:123456789012:darkroom-${STAGE}-${name}`
    const maySend = roles.filter((role) =>
      role.statements.some(
        ({ Action, Resource }) =>
          [Action].flat().includes('sqs:SendMessage') && [Resource].flat().includes(queue),
      ),
    )
    const statements = propertiesOf('image-processor', 'AWS::SQS::QueuePolicy').flatMap(
      ({ PolicyDocument }) => PolicyDocument.Statement,
    )
    const { Condition } = statements.find(({ Effect, Resource }) => Effect === 'Deny' && Resource === queue)
    const named: string[] = Condition.ArnNotLike['aws:PrincipalArn']
    expect(maySend.map((role) => role.name).sort()).toEqual(
      named.filter((name) => name.startsWith(ROLE)).sort(),
    )
  })

  const arnOf = (id: string) =>
    resolveIntrinsics({ 'Fn::GetAtt': [id, 'Arn'] }, packageOf('image-processor').resources)
})

describe('what AWS delivers later', () => {
  /** `darkroom-prod-images` of a URL or ARN → `images` */
  const short = (name: string) =>
    name
      .split(/[/:]/)
      .at(-1)
      ?.replace(`darkroom-${STAGE}-`, '')
      .replace(/-(\d{12}-.*|\.\w+)$/, '') ?? ''

  /** By type, from where to where, and the queue or bucket that gets what was given up. */
  const DELIVERIES: Record<string, (resource: Resource['Properties'], id: string) => [string, string?][]> = {
    'AWS::CloudWatch::Alarm': () => [],
    'AWS::SNS::Subscription': ({ TopicArn, Protocol, Endpoint, RedrivePolicy }) => {
      const to = Protocol === 'sqs' ? `queue ${short(Endpoint)}` : Protocol
      return [[`topic ${short(TopicArn)} → ${to}`, RedrivePolicy && short(RedrivePolicy.deadLetterTargetArn)]]
    },
    'AWS::S3::Bucket': ({ BucketName, NotificationConfiguration = {} }) => {
      const { QueueConfigurations = [], ...others } = NotificationConfiguration
      expect(others).toEqual({})
      return QueueConfigurations.map(({ Filter, Queue }: Resource['Properties']) => [
        `S3 ${Filter?.S3Key.Rules[0].Value ?? BucketName.split('-')[0]} → queue ${short(Queue)}`,
      ])
    },
    // None of these functions has an AWS::Lambda::EventInvokeConfig, a type that is not known here.
    'AWS::Events::Rule': ({ Targets }) =>
      Targets.map(({ Arn, DeadLetterConfig }: Resource['Properties']) => [
        `schedule → ${functionOf(Arn)}`,
        DeadLetterConfig && short(DeadLetterConfig.Arn),
      ]),
    'AWS::Scheduler::Schedule': ({ Target }, id) => [
      [`schedule → Athena ${id}`, Target.DeadLetterConfig && short(Target.DeadLetterConfig.Arn)],
    ],
    'AWS::Lambda::EventSourceMapping': ({ EventSourceArn, Topics, FunctionName, DestinationConfig }) => {
      const lambda = functionOf(FunctionName)
      if (Topics)
        return [[`topic ${Topics} → ${lambda}`, short(DestinationConfig.OnFailure.Destination).split('-')[0]]]
      const queue = short(EventSourceArn)
      const { RedrivePolicy } =
        SERVICES.flatMap((service) => propertiesOf(service, 'AWS::SQS::Queue')).find(
          ({ QueueName }) => short(QueueName) === queue,
        ) ?? {}
      return [[`queue ${queue} → ${lambda}`, RedrivePolicy && short(RedrivePolicy.deadLetterTargetArn)]]
    },
    'AWS::Logs::SubscriptionFilter': ({ DestinationArn }) => [[`logs → stream ${short(DestinationArn)}`]],
    'AWS::KinesisFirehose::DeliveryStream': ({ DeliveryStreamName }) => [
      [`stream ${short(DeliveryStreamName)} → S3 audit`],
    ],
  }

  /** Types that deliver nothing, or whose caller waits. */
  const OTHERS =
    /^AWS::(ApiGatewayV2|Athena|Budgets|CloudWatch::Dashboard|DynamoDB|Glue|IAM|QuickSight|Lambda::(Function|Permission|Version)|Logs::(LogGroup|MetricFilter)|S3::BucketPolicy|SNS::Topic|SQS)\b/

  /** `ClearParkedLambdaFunction.Arn` → `clearParked` */
  const functionOf = (arn: string) =>
    arn.replace(/LambdaFunction\.Arn$/, '').replace(/^./, (letter) => letter.toLowerCase())

  test('has a dead-letter queue, or a reason in the runbook', async () => {
    const found = new Map<string, string | undefined>()
    for (const service of SERVICES)
      for (const type of new Set(Object.values(packageOf(service).resources).map(({ Type }) => Type))) {
        const deliveriesOf = DELIVERIES[type]
        if (!deliveriesOf) expect(type).toMatch(OTHERS)
        for (const [id, { Properties }] of Object.entries(resourcesOf(service, type)))
          for (const [delivery, deadLetters] of deliveriesOf?.(Properties, id) ?? [])
            found.set(delivery, deadLetters)
      }
    const documented = await documentedTable('What AWS delivers later', 'operations.md')
    expect(documented.map(([delivery]) => delivery).sort()).toEqual(
      [...found.keys()].map((delivery) => `\`${delivery}\``).sort(),
    )
    for (const [delivery = '', retries, end = ''] of documented) {
      expect([delivery, retries]).not.toContain('')
      const deadLetters = found.get(delivery.replaceAll('`', ''))
      if (deadLetters) expect([delivery, end.split('`')[1]]).toEqual([delivery, deadLetters])
      else expect([delivery, end]).toEqual([delivery, expect.stringMatching(/^[^`].{30}/)])
    }
  })
})

describe('the schedule', () => {
  test('merges outcomes every five minutes, and compares rows every quarter of an hour', () => {
    expect(propertiesOf('analytics-catalog', 'AWS::Events::Rule')).toMatchObject([
      { ScheduleExpression: 'rate(5 minutes)', State: 'ENABLED' },
      { ScheduleExpression: 'rate(15 minutes)', State: 'ENABLED' },
    ])
  })
})

/** The property with the name of a resource, and how many characters AWS allows. */
const NAMES: Record<string, [property: string, maxCharacters: number]> = {
  'AWS::Athena::NamedQuery': ['Name', 128],
  'AWS::Athena::WorkGroup': ['Name', 128],
  'AWS::CloudWatch::Alarm': ['AlarmName', 255],
  'AWS::CloudWatch::Dashboard': ['DashboardName', 255],
  'AWS::IAM::ManagedPolicy': ['ManagedPolicyName', 128],
  'AWS::IAM::Role': ['RoleName', 64],
  'AWS::KinesisFirehose::DeliveryStream': ['DeliveryStreamName', 64],
  'AWS::Lambda::Function': ['FunctionName', 64],
  'AWS::Logs::LogGroup': ['LogGroupName', 512],
  'AWS::S3::Bucket': ['BucketName', 63],
  'AWS::SNS::Topic': ['TopicName', 256],
  'AWS::SQS::Queue': ['QueueName', 80],
}

/** As long as the name of a region is today. */
const LONGEST_REGION = 'ap-southeast-1'

/** All names in a template that we choose, in that region. */
function namesIn(service: string): { type: string; name: string; maxCharacters: number }[] {
  const { resources } = packageOf(service)
  return Object.values(resources).flatMap(({ Type, Properties }) => {
    const [property = '', maxCharacters = 0] = NAMES[Type] ?? []
    const name = resolveIntrinsics(Properties?.[property], resources)
    if (name === undefined) return []
    return [{ type: Type, name: String(name).replaceAll('us-east-1', LONGEST_REGION), maxCharacters }]
  })
}

describe('on the longest stage, in a region with the longest name', () => {
  test.each(SERVICES)('%s has no name that is too long', (service) => {
    const names = namesIn(service)
    expect(names.length).toBeGreaterThan(0)
    expect(names.filter(({ name, maxCharacters }) => name.length > maxCharacters)).toEqual([])
  })

  test('no two resources have the same name', () => {
    const names = SERVICES.flatMap(namesIn).map(({ type, name }) => `${type} ${name}`)
    expect(names).toEqual([...new Set(names)])
  })

  test('names that are global in an account contain the region', () => {
    const global = SERVICES.flatMap(namesIn).filter(({ type }) => /Role|Bucket/.test(type))
    expect(global.length).toBeGreaterThan(10)
    for (const { name } of global) expect(name).toContain(LONGEST_REGION)
  })
})

test('a stage that cannot be deployed everywhere is not packaged', async () => {
  expect(await refused).toContain(
    'The stage "Prod" cannot be deployed: use 1 to 20 characters of a-z, 0-9 and "-".',
  )
})

test('packaging ends with the place where a function cannot be built', async () => {
  expect(await unbuildable).toMatch(/broken\.ts:2:24: ERROR: .*Could not resolve "\.\/nothing\.ts"/)
})

test('kafka-bridge reads a self-managed cluster with SCRAM-SHA-512 by default', () => {
  const mappings = propertiesOf('kafka-bridge', 'AWS::Lambda::EventSourceMapping')
  expect(mappings).toContainEqual(
    expect.objectContaining({
      SelfManagedEventSource: expect.anything(),
      SourceAccessConfigurations: [{ Type: 'SASL_SCRAM_512_AUTH', URI: expect.any(String) }],
    }),
  )
})

test('kafka-bridge is deployed with the others only if someone adds it', async () => {
  const file = new URL('../serverless-compose.yml', import.meta.url)
  const text = await readFile(file, 'utf8')
  const others = SERVICES.filter((service) => service !== 'kafka-bridge')
  expect(Object.keys(parse(text).services).sort()).toEqual([...others].sort())
  const added = parse(text.replace(/^ {2}# (?=kafka-bridge:| )/gm, '  '))
  expect(added.services['kafka-bridge']).toEqual({
    path: 'services/kafka-bridge',
    dependsOn: 'image-processor',
  })
})

describe.each(SERVICES)('the alarms of %s', (service) => {
  const alarms = () => resourcesOf(service, 'AWS::CloudWatch::Alarm')
  const lambdas = () => resourcesOf(service, 'AWS::Lambda::Function')
  const topic = `arn:aws:sns:us-east-1:123456789012:darkroom-${STAGE}-alarms`

  test('watch the duration of each function, by the lines that Lambda writes', () => {
    const filters = propertiesOf(service, 'AWS::Logs::MetricFilter')
    const watched = resourcesOf('image-processor', 'AWS::CloudWatch::Alarm').DurationAlarm?.Properties
    const groups = resourcesOf(service, 'AWS::Logs::LogGroup')
    for (const { Properties } of Object.values(lambdas())) {
      const filter = filters.find(
        ({ LogGroupName }) =>
          groups[LogGroupName.replace(/\.Ref$/, '')]?.Properties.LogGroupName ===
          `/aws/lambda/${Properties.FunctionName}`,
      )
      const [, milliseconds] = /milliseconds>(\d+), /.exec(filter?.FilterPattern) ?? []
      expect(Number(milliseconds)).toBe(950 * Properties.Timeout)
      expect(filter?.MetricTransformations).toMatchObject([
        {
          MetricNamespace: watched?.Namespace,
          MetricName: watched?.MetricName,
        },
      ])
      // In JSON the lines are others.
      expect(Properties.LoggingConfig?.LogFormat ?? 'Text').toBe('Text')
    }
  })

  test('watch the errors of each function, or the requests that the gateway answers with 500', () => {
    const failing = Object.values(alarms()).filter(({ Properties }) => Properties.MetricName === 'Errors')
    const own = failing.map(({ Properties }) => Properties.Dimensions[0].Value.replace(/\.Ref$/, ''))
    const { resources } = packageOf(service)
    const called = JSON.stringify(
      Object.values(resources).filter(({ Type }) =>
        /^AWS::ApiGatewayV2::(Integration|Authorizer)$/.test(Type),
      ),
    )
    const behindGateway = Object.keys(lambdas()).filter((id) => called.includes(`"${id}"`))
    expect([...own, ...behindGateway].toSorted()).toEqual(Object.keys(lambdas()).toSorted())
  })

  test('notify the topic', () => {
    for (const { Properties } of Object.values(alarms())) expect(Properties.AlarmActions).toEqual([topic])
  })

  test('name a section of the runbook', async () => {
    const runbook = await readFile(new URL('../docs/operations.md', import.meta.url), 'utf8')
    const anchors = [...runbook.matchAll(/^##+ (.+)$/gm)].map(([, heading]) => heading?.toLowerCase())
    for (const [id, { Properties }] of Object.entries(alarms())) {
      const [, anchor] = /^\S.* See docs\/operations\.md#([a-z]+)\.$/.exec(Properties.AlarmDescription) ?? []
      expect([id, anchors]).toEqual([id, expect.arrayContaining([anchor])])
      expect(Properties.AlarmName).toBe(`darkroom-${STAGE}-${id.replace('Alarm', '')}`)
    }
  })
})

test('every alarm in the runbook exists', async () => {
  const runbook = await readFile(new URL('../docs/operations.md', import.meta.url), 'utf8')
  const sections = [...runbook.matchAll(/^##+ (\w+Alarm)$/gm)].map(([, heading]) => heading?.toLowerCase())
  const descriptions = SERVICES.flatMap((service) =>
    Object.values(packageOf(service).resources).map(({ Properties }) => String(Properties?.AlarmDescription)),
  ).join()
  for (const section of sections) expect(descriptions).toContain(`#${section}.`)
})

test('the topic of the alarms has the name that they notify', () => {
  const topics = propertiesOf('image-processor', 'AWS::SNS::Topic')
  expect(topics).toContainEqual({ TopicName: `darkroom-${STAGE}-alarms` })
})

test('the gateway names requests that fail, in the log that its alarm watches', () => {
  const filter = propertiesOf('upload-api', 'AWS::Logs::MetricFilter').find(({ FilterPattern }) =>
    FilterPattern.includes('$.status'),
  )
  const [stage] = propertiesOf('upload-api', 'AWS::ApiGatewayV2::Stage')
  expect(stage?.AccessLogSettings).toMatchObject({
    DestinationArn: 'HttpApiLogGroup.Arn',
    Format: expect.stringMatching(/^\{.*"status":\$context\.status,.*\}$/),
  })
  expect(filter).toMatchObject({
    LogGroupName: 'HttpApiLogGroup.Ref',
    FilterPattern: '{ $.status = 500 }',
  })
  const { Namespace, MetricName } =
    resourcesOf('upload-api', 'AWS::CloudWatch::Alarm').FailedRequestsAlarm?.Properties ?? {}
  expect(filter?.MetricTransformations).toMatchObject([{ MetricNamespace: Namespace, MetricName }])
})

test('throttles are watched for the whole account, whose concurrency all functions share', () => {
  const alarm = resourcesOf('image-processor', 'AWS::CloudWatch::Alarm').ThrottlesAlarm?.Properties
  expect(alarm).toMatchObject({ Namespace: 'AWS/Lambda', MetricName: 'Throttles', Threshold: 0 })
  expect(alarm).not.toHaveProperty('Dimensions')
})

test('the objective of 10 s is watched in two windows', () => {
  const alarms = resourcesOf('image-processor', 'AWS::CloudWatch::Alarm')
  const [fast, slow] = [alarms.SlowImagesFastAlarm, alarms.SlowImagesSlowAlarm].map(
    (alarm) => alarm?.Properties ?? {},
  )
  expect(fast).toMatchObject({ MetricName: 'TimeToReady', ExtendedStatistic: 'PR(:10000)', Period: 3600 })
  expect(slow).toMatchObject({ MetricName: 'TimeToReady', ExtendedStatistic: 'PR(:10000)', Period: 21_600 })
  // 14.4 and 6 times the allowance of 0.1 %.
  expect(fast?.Threshold).toBeCloseTo(100 - 14.4 * 0.1)
  expect(slow?.Threshold).toBeCloseTo(100 - 6 * 0.1)
})

test('the alarm for a decoder that is not contained watches what the processor counts', () => {
  const alarm = resourcesOf('image-processor', 'AWS::CloudWatch::Alarm').EngineNotContainedAlarm?.Properties
  expect(alarm).toMatchObject({ Namespace: 'Darkroom', MetricName: 'EngineNotContained', Threshold: 0 })
  const widgets = propertiesOf('upload-api', 'AWS::CloudWatch::Dashboard')[0]?.DashboardBody
  expect(widgets).toContain('"EngineNotContained"')
})

test('the alarm for events that a subscriber did not get watches the topic, and the dashboard shows it', () => {
  const alarm = resourcesOf('image-processor', 'AWS::CloudWatch::Alarm').UndeliveredEventsAlarm?.Properties
  const [topic] = propertiesOf('image-processor', 'AWS::SNS::Topic').filter(({ TopicName }) =>
    TopicName.endsWith('-events'),
  )
  expect(alarm).toMatchObject({
    Namespace: 'AWS/SNS',
    MetricName: 'NumberOfNotificationsFailed',
    Threshold: 0,
  })
  const { widgets } = JSON.parse(propertiesOf('upload-api', 'AWS::CloudWatch::Dashboard')[0]?.DashboardBody)
  expect(widgets.flatMap(({ properties }: Resource['Properties']) => properties.metrics)).toContainEqual(
    expect.arrayContaining(['NumberOfNotificationsFailed', 'TopicName', topic?.TopicName]),
  )
})

/** $0.10 a month each, and the polling of queues is $1: together with the daily reconcile at most $5 (decisions/0062). */
test('alarms watch few metrics, and nothing is billed like five of them', () => {
  const idle = SERVICES.filter((service) => service !== 'kafka-bridge')
  const watched = idle.flatMap((service) =>
    propertiesOf(service, 'AWS::CloudWatch::Alarm').flatMap(({ Metrics }) =>
      Metrics ? Metrics.filter(({ MetricStat }: { MetricStat?: object }) => MetricStat) : ['one'],
    ),
  )
  expect(watched.length).toBeLessThanOrEqual(35)
  expect(idle.flatMap((service) => propertiesOf(service, 'AWS::CloudWatch::CompositeAlarm'))).toEqual([])
})

test('the dashboard names only functions, queues and metrics that exist', () => {
  const [dashboard] = propertiesOf('upload-api', 'AWS::CloudWatch::Dashboard')
  const { widgets } = JSON.parse(dashboard?.DashboardBody)
  const metrics: unknown[][] = widgets.flatMap(({ properties }: Resource['Properties']) => properties.metrics)
  const named = (dimension: string) =>
    metrics.filter((metric) => metric[2] === dimension).map((metric) => metric[3])
  const functions = SERVICES.flatMap((service) =>
    propertiesOf(service, 'AWS::Lambda::Function').map(({ FunctionName }) => FunctionName),
  )
  expect(new Set(named('FunctionName'))).toEqual(new Set(functions))
  const queues = (['image-processor', 'analytics-catalog'] as const).flatMap((service) =>
    propertiesOf(service, 'AWS::SQS::Queue').map(({ QueueName }) => QueueName),
  )
  expect(new Set(named('QueueName'))).toEqual(new Set(queues))
  expect(named('ApiId')).toContain('HttpApi.Ref')
  const queries = metrics.flatMap(([metric]) => Object(metric).expression ?? []).map(parseMetricsInsights)
  expect(queries.map(({ dimensions }) => functions.includes(dimensions.FunctionName))).toEqual([true])
})

test('the access log of the API has no paths, which contain ids of images', () => {
  const [stage] = propertiesOf('upload-api', 'AWS::ApiGatewayV2::Stage')
  const format = stage?.AccessLogSettings.Format
  expect(format).toContain('$context.routeKey')
  expect(format).not.toMatch(/\$context\.(path|pathParameters|authorizer\.\w*[kK]ey)/)
})

test('the API takes as many requests a second as the simulation of its scale assumes', () => {
  const [stage] = propertiesOf('upload-api', 'AWS::ApiGatewayV2::Stage')
  expect(stage?.DefaultRouteSettings).toMatchObject({
    ThrottlingRateLimit: DEFAULT_LIMITS.gatewayRate,
    ThrottlingBurstLimit: DEFAULT_LIMITS.gatewayBurst,
  })
})

test('outcomes are announced and collected by as many executions as docs/scale.md assumes', () => {
  const mappingOf = (service: string, batch: number) =>
    propertiesOf(service, 'AWS::Lambda::EventSourceMapping').find(({ BatchSize }) => BatchSize === batch)
  const { batch, executions } = ANNOUNCING
  const most = (MaximumConcurrency: number) => ({ ScalingConfig: { MaximumConcurrency } })
  expect(mappingOf('image-processor', batch)).toMatchObject(most(executions))
  expect(mappingOf('analytics-catalog', 10_000)).toMatchObject(most(COLLECTING.executions))
})

describe('the role of the workflows', () => {
  /** The property with the name, and the beginning of the ARN. */
  const ARNS: Record<string, [property: string, arn: string]> = {
    'AWS::CloudWatch::Alarm': ['AlarmName', 'arn:aws:cloudwatch:us-east-1:123456789012:alarm:'],
    'AWS::CloudWatch::Dashboard': ['DashboardName', 'arn:aws:cloudwatch::123456789012:dashboard/'],
    'AWS::DynamoDB::Table': ['TableName', 'arn:aws:dynamodb:us-east-1:123456789012:table/'],
    'AWS::IAM::Role': ['RoleName', 'arn:aws:iam::123456789012:role/'],
    'AWS::KinesisFirehose::DeliveryStream': [
      'DeliveryStreamName',
      'arn:aws:firehose:us-east-1:123456789012:deliverystream/',
    ],
    'AWS::Lambda::Function': ['FunctionName', 'arn:aws:lambda:us-east-1:123456789012:function:'],
    'AWS::Logs::LogGroup': ['LogGroupName', 'arn:aws:logs:us-east-1:123456789012:log-group:'],
    'AWS::S3::Bucket': ['BucketName', 'arn:aws:s3:::'],
    'AWS::SNS::Topic': ['TopicName', 'arn:aws:sns:us-east-1:123456789012:'],
    'AWS::SQS::Queue': ['QueueName', 'arn:aws:sqs:us-east-1:123456789012:'],
  }
  const IAM_NAMES: Record<string, string> = { ApiGatewayV2: 'apigateway', KinesisFirehose: 'firehose' }

  const serviceOf = (type: string) => {
    const name = type.split('::')[1] ?? ''
    return IAM_NAMES[name] ?? name.toLowerCase()
  }

  async function statementsOfDeployer(): Promise<{ actions: string[]; resources: RegExp[] }[]> {
    const file = new URL('../tools/deployment/deployer.yml', import.meta.url)
    const { Resources } = parse(await readFile(file, 'utf8'))
    const policies = Object.values<Resource>(Resources).filter(
      ({ Type }) => Type === 'AWS::IAM::ManagedPolicy',
    )
    return policies.flatMap(({ Properties }) =>
      Properties.PolicyDocument.Statement.map(
        ({ Action, Resource }: { Action: string | string[]; Resource: unknown }) => ({
          actions: [Action].flat(),
          resources: [Resource].flat().map((arn) => {
            const text = JSON.stringify(arn).replaceAll(/\$\{Stage\}/g, STAGE)
            return toPattern(String(resolveIntrinsics(JSON.parse(text), {})))
          }),
        }),
      ),
    )
  }
  const toPattern = (arn: string) =>
    new RegExp(`^${arn.replaceAll(/[.$+?()[\]{}|\\]/g, '\\$&').replaceAll('*', '.*')}$`)

  test('may create every resource that every stage has', async () => {
    const statements = await statementsOfDeployer()
    const denied = SERVICES.flatMap((service) =>
      Object.entries(packageOf(service).resources).flatMap(([id, resource]) => {
        if (resource.Condition) return []
        const { Type, Properties } = resolveIntrinsics(resource, packageOf(service).resources) as Resource
        const own = statements.filter(({ actions }) =>
          actions.some((action) => action.startsWith(`${serviceOf(Type)}:`)),
        )
        const [property = '', beginning] = ARNS[Type] ?? []
        const arn = Properties?.[property] && `${beginning}${Properties[property]}`
        const allowed = own.some(({ resources }) => !arn || resources.some((pattern) => pattern.test(arn)))
        return allowed ? [] : [`${service}: ${id} (${Type}) ${arn ?? ''}`]
      }),
    )
    expect(denied).toEqual([])
  })
})
