import { readFile } from 'node:fs/promises'
import { brotliDecompressSync } from 'node:zlib'
import {
  attributeViews,
  baseViews,
  dataDictionary,
  expireStatement,
  imageColumns,
  mergeLookAlikesStatement,
  readQueries,
} from '@darkroom/analytics'
import { readConfiguration } from '@darkroom/app-configuration'
import { configurationFile } from '@darkroom/app-configuration/testing'
import { MetadataDocument } from '@darkroom/core'
import { beforeAll, describe, expect, test } from '@jest/globals'
import * as z from 'zod'
import { RELEASE_FILE, type Release } from './deploy/previous-release.ts'
import { packageService, type Resource } from './package-service.ts'
import { resolveIntrinsics } from './resolve-intrinsics.ts'

let resources: Record<string, Resource>
/** One app keeps its documents for less time than the others; both declare attributes. */
const apps = {
  'web-app-1': {
    attributes: {
      'order-id': { type: 'string' as const, description: 'The order of the customer.' },
      shot: { type: 'time' as const },
    },
  },
  'web-app-2': { retentionDays: { metadata: 400 }, attributes: { order_id: { type: 'string' as const } } },
}
const retention = { default: readConfiguration().retentionDays, apps: { 'web-app-2': { metadata: 400 } } }
beforeAll(async () => {
  const environment = { APPS_FILE: configurationFile({ apps }) }
  resources = (await packageService('analytics-catalog', environment, { tracing: 'Active' })).resources
}, 900_000)

const propertiesOf = (id: string) =>
  (resolveIntrinsics(resources[id], resources) as Resource | undefined)?.Properties ?? {}

const ofType = (type: string) => Object.keys(resources).filter((id) => resources[id]?.Type === type)

interface Field {
  type?: string
  const?: unknown
  description?: string
  properties?: Record<string, Field>
  items?: Field
  additionalProperties?: Field
}

/** The fields of all kinds of documents, as stored in S3. */
function documentFields(): [string, Field][] {
  const { oneOf = [] } = z.toJSONSchema(MetadataDocument, { io: 'input' })
  return Object.entries(Object.assign({}, ...oneOf.map((kind) => (kind as Field).properties ?? {})))
}

function glueType({ type, const: value, items, properties, additionalProperties }: Field): string {
  if (type === 'integer' || Number.isInteger(value)) return 'bigint'
  if (type === 'number') return 'double'
  if (type === 'array' && items) return `array<${glueType(items)}>`
  if (properties) {
    const parts = Object.entries(properties).map(([part, field]) => `${part}:${glueType(field)}`)
    return `struct<${parts.join(',')}>`
  }
  if (additionalProperties) return `map<string,${glueType(additionalProperties)}>`
  return String(type)
}

interface Column {
  Name: string
  Type: string
  Comment: string
}

describe('the table of documents', () => {
  const table = () => propertiesOf('ImageDocuments').TableInput

  test("has a column for each field of a metadata document, with the field's type and description", () => {
    const columns: Column[] = [...table().StorageDescriptor.Columns, table().PartitionKeys[0]]
    const fields = documentFields().map(([name, field]) => [name, [glueType(field), field.description]])
    const described = columns.map(({ Name, Type, Comment }) => [Name, [Type, Comment]])
    expect(Object.fromEntries(described)).toEqual(Object.fromEntries(fields))
    expect(described).toHaveLength(fields.length)
  })

  test('is partitioned by app and date, as the keys are', () => {
    expect(table().PartitionKeys.map(({ Name, Type }: Column) => [Name, Type])).toEqual([
      ['app', 'string'],
      ['dt', 'string'],
    ])
    expect(table().Parameters).toMatchObject({
      'projection.app.values': 'web-app-1,web-app-2',
      'storage.location.template': `s3://darkroom-dev-123456789012-us-east-1/metadata/app=\${app}/dt=\${dt}/`,
    })
  })
})

describe('the table of collected events', () => {
  const table = () => propertiesOf('CollectedOutcomes').TableInput

  test('has the fields of an event, and of its document without the variants', () => {
    const columns: Column[] = table().StorageDescriptor.Columns
    const fields = documentFields().filter(([name]) => name !== 'variants')
    const data = `struct<${fields.map(([name, field]) => `${name}:${glueType(field)}`).join(',')}>`
    const { data: type, ...others } = Object.fromEntries(columns.map(({ Name, Type }) => [Name, Type]))
    expect(type).toBe(data)
    expect(Object.keys(others)).toEqual(['type', 'time', 'subject', 'sequence', 'dt', 'collected_at'])
    expect(new Set(Object.values(others))).toEqual(new Set(['string']))
  })

  test('is partitioned by the hour of collection, for as long as files are kept', () => {
    expect(table().PartitionKeys).toMatchObject([{ Name: 'hour', Type: 'string' }])
    expect(table().Parameters).toMatchObject({
      'projection.hour.format': "yyyy-MM-dd'T'HH",
      'projection.hour.range': 'NOW-4DAYS,NOW',
      'storage.location.template': `s3://darkroom-dev-123456789012-us-east-1/collected/outcomes/hour=\${hour}/`,
    })
  })
})

test('the table of refusals reads all collected files of that kind, and the view each event once', () => {
  const { TableInput: table } = propertiesOf('CollectedRefusals')
  expect(table).toMatchObject({ Name: 'collected_refusals', PartitionKeys: [] })
  expect(table.StorageDescriptor.Location).toBe(
    's3://darkroom-dev-123456789012-us-east-1/collected/image.refused.v1/',
  )
  const columns: Column[] = table.StorageDescriptor.Columns
  expect(columns.find(({ Name }) => Name === 'data')?.Type).toBe(
    'struct<schema_version:bigint,app:string,origin:string,refusal_type:string,refusals:bigint,bytes:bigint,declared_type:string,found_type:string,user_agent:string>',
  )
  expect(propertiesOf('RefusalsView').TableInput).toMatchObject({
    Name: 'refusals',
    TableType: 'VIRTUAL_VIEW',
  })
})

describe('the queue of the collector', () => {
  test('takes the messages of the topic, as they are, and of nobody else', () => {
    const topic = 'arn:aws:sns:us-east-1:123456789012:darkroom-dev-events'
    expect(propertiesOf('CollectSubscription')).toMatchObject({
      TopicArn: topic,
      Protocol: 'sqs',
      Endpoint: 'arn:aws:sqs:us-east-1:123456789012:darkroom-dev-collect',
      RawMessageDelivery: true,
    })
    const [allow, deny] = propertiesOf('CollectQueuePolicy').PolicyDocument.Statement
    expect(allow).toMatchObject({
      Effect: 'Allow',
      Principal: { Service: 'sns.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Condition: { ArnEquals: { 'aws:SourceArn': topic } },
    })
    expect(deny).toMatchObject({ Effect: 'Deny', Action: 'sqs:SendMessage' })
    expect(deny.Condition).toEqual({
      Bool: { 'aws:PrincipalIsAWSService': 'false' },
      StringNotLike: { 'aws:PrincipalArn': ['arn:aws:iam::123456789012:root'] },
    })
  })

  test('hides a batch for as long as six calls and the window, and survives four days', () => {
    const { VisibilityTimeout, MessageRetentionPeriod, RedrivePolicy } = propertiesOf('CollectQueue')
    const [mapping] = ofType('AWS::Lambda::EventSourceMapping').map(propertiesOf)
    const { Timeout } = propertiesOf('CollectEventsLambdaFunction')
    expect(VisibilityTimeout).toBe(6 * Timeout + mapping?.MaximumBatchingWindowInSeconds)
    expect(RedrivePolicy.maxReceiveCount * VisibilityTimeout).toBeGreaterThan(MessageRetentionPeriod)
    expect(mapping).toMatchObject({
      BatchSize: 10_000,
      MaximumBatchingWindowInSeconds: 60,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    })
  })
})

describe('the table images', () => {
  interface IcebergField {
    Id: number
    Name: string
    Type: string
    Doc: string
  }
  const input = () => propertiesOf('Images').OpenTableFormatInput.IcebergInput.IcebergTableInput

  test('has the fields of processed and failed documents, flat and with descriptions', () => {
    const fields: IcebergField[] = input().Schema.Fields
    const receiptsOnly = ['erased_at', 'erased_by', 'erased_objects']
    const expected = documentFields().filter(([name]) => ![...receiptsOnly, 'variants'].includes(name))
    const names = [...expected.map(([name]) => name), 'dt', 'sequence', 'collected_at']
    expect(fields.map(({ Name }) => Name)).toEqual(names)
    for (const [name, { description }] of expected) {
      expect([name, fields.find(({ Name }) => Name === name)?.Doc]).toEqual([name, description])
    }
    const types = Object.fromEntries(fields.map(({ Name, Type }) => [Name, Type]))
    expect(types).toMatchObject({ accepted_at: 'timestamp', bytes: 'long', attributes: 'string', dt: 'date' })
    const known = ['string', 'long', 'double', 'timestamp', 'boolean', 'date']
    expect(new Set(Object.values(types))).toEqual(new Set(known))
  })

  test('is partitioned by day, and stored in its own bucket', () => {
    const day = input().Schema.Fields.find(({ Name }: IcebergField) => Name === 'dt')
    expect(input().PartitionSpec.Fields).toMatchObject([{ SourceId: day.Id, Transform: 'identity' }])
    expect(input().Location).toBe('s3://cataloguebucket/images')
  })

  test.each(['Images', 'LookAlikes'])(
    '%s: columns keep the ids that they had in version 0.1.0',
    async (id) => {
      const release: Release = JSON.parse(brotliDecompressSync(await readFile(RELEASE_FILE)).toString())
      const template = JSON.parse(
        String(release['analytics-catalog/cloudformation-template-update-stack.json']),
      )
      const fieldsOf = ({ OpenTableFormatInput }: Resource['Properties']): IcebergField[] =>
        OpenTableFormatInput.IcebergInput.IcebergTableInput.Schema.Fields
      const named = ({ Id, Name, Type }: IcebergField) => ({ Id, Name, Type })
      const fields = fieldsOf(propertiesOf(id)).map(named)
      const before = fieldsOf(template.Resources[id].Properties).map(named)
      expect(fields).toEqual(expect.arrayContaining(before))
      expect(new Set(fields.map(({ Id }) => Id)).size).toBe(fields.length)
    },
  )
})

describe('each saved query', () => {
  test('is in the workgroup of the analysts', () => {
    const saved = ofType('AWS::Athena::NamedQuery').map(propertiesOf)
    expect(saved.map(({ Name, QueryString }) => [Name, QueryString])).toEqual(
      readQueries(retention).map(({ name, sql }) => [name, sql]),
    )
    const expiring = saved.find(({ Name }) => Name === 'expiring')
    expect(expiring?.QueryString).toContain("WHEN 'web-app-2' THEN INTERVAL '400' DAY")
  })

  test('and what it is built on is also a view in the format that Athena writes', () => {
    const expected = [...baseViews(), ...attributeViews(apps), ...readQueries(retention)]
    const views = ofType('AWS::Glue::Table')
      .map(propertiesOf)
      .filter(({ TableInput }) => TableInput?.TableType === 'VIRTUAL_VIEW')
    expect(views.map(({ TableInput }) => TableInput.Name)).toEqual(expected.map(({ name }) => name))
    for (const [n, { sql, columns }] of expected.entries()) {
      const { Parameters, ViewOriginalText, StorageDescriptor } = views[n]?.TableInput ?? {}
      expect(Parameters).toEqual({ presto_view: 'true', comment: 'Presto View' })
      const [, encoded = ''] = /^\/\* Presto View: (\S+) \*\/$/.exec(ViewOriginalText) ?? []
      expect(JSON.parse(Buffer.from(encoded, 'base64').toString())).toEqual({
        originalSql: sql,
        catalog: 'awsdatacatalog',
        schema: 'darkroom_dev',
        columns: columns.map(({ name, type }) => ({ name, type })),
      })
      for (const { Comment } of StorageDescriptor.Columns) expect(Comment).toMatch(/\w/)
    }
  })
})

test('the attributes that apps declare are typed columns, with their descriptions', () => {
  const { Columns: columns } = propertiesOf('ImagesWithAttributesView').TableInput.StorageDescriptor
  expect(columns.slice(0, -2)).toEqual(propertiesOf('ImagesNowView').TableInput.StorageDescriptor.Columns)
  expect(columns.slice(-2)).toEqual([
    {
      Name: 'attr_order_id',
      Type: 'string',
      Comment: 'The attribute "order-id" and "order_id" of web-app-1, web-app-2: The order of the customer.',
    },
    { Name: 'attr_shot_time', Type: 'timestamp', Comment: 'The attribute "shot" of web-app-1.' },
  ])
})

describe('the schedules', () => {
  const scheduled = () =>
    ofType('AWS::Scheduler::Schedule').map((id) => {
      const { ScheduleExpression, Target } = propertiesOf(id)
      const { QueryString, ...rest } = JSON.parse(Target.Input)
      return { id, at: ScheduleExpression, target: Target.Arn, statement: QueryString, ...rest }
    })

  test('find look-alikes every hour and every week, and delete expired rows every night', () => {
    const common = {
      target: 'arn:aws:scheduler:::aws-sdk:athena:startQueryExecution',
      QueryExecutionContext: { Database: 'darkroom_dev' },
      WorkGroup: 'darkroom-dev.merge',
    }
    const all = retention.default.metadata
    const fewer = { 'web-app-2': 400 }
    const expected = {
      LookAlikesSchedule: ['cron(22 * * * ? *)', mergeLookAlikesStatement(3)],
      LookAlikesCatchUpSchedule: ['cron(37 4 ? * SUN *)', mergeLookAlikesStatement(all)],
      ExpireSchedule: ['cron(37 2 * * ? *)', expireStatement('images', all, fewer)],
      LookAlikesExpireSchedule: ['cron(52 2 * * ? *)', expireStatement('look_alikes', all, fewer)],
    }
    expect(scheduled()).toEqual(
      Object.entries(expected).map(([id, [at, statement]]) => ({ id, at, statement, ...common })),
    )
  })

  test('puts failed calls into a queue', () => {
    for (const id of ofType('AWS::Scheduler::Schedule')) {
      expect(propertiesOf(id).Target).toMatchObject({
        RoleArn: 'MergeRole.Arn',
        DeadLetterConfig: { Arn: 'arn:aws:sqs:us-east-1:123456789012:darkroom-dev-merge-dead-letters' },
      })
    }
    expect(propertiesOf('MergeDeadLetterQueue')).toMatchObject({ SqsManagedSseEnabled: true })
    expect(propertiesOf('MissedStatementsAlarm')).toMatchObject({
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Dimensions: [{ Name: 'QueueName', Value: 'MergeDeadLetterQueue.QueueName' }],
      Threshold: 0,
    })
  })

  test('the merge raises an alarm if it is behind for an hour, fails or does not run', () => {
    expect(propertiesOf('StaleImagesAlarm')).toMatchObject({
      MetricName: 'MergeLag',
      Dimensions: [
        { Name: 'service', Value: 'analytics-catalog' },
        { Name: 'stage', Value: 'dev' },
      ],
      Statistic: 'Minimum',
      Period: 3600,
      EvaluationPeriods: 1,
      Threshold: 900_000,
      ComparisonOperator: 'GreaterThanThreshold',
      TreatMissingData: 'breaching',
    })
  })

  test('the merge runs every five minutes', () => {
    const [rule] = ofType('AWS::Events::Rule').map(propertiesOf)
    expect(rule).toMatchObject({ ScheduleExpression: 'rate(5 minutes)', State: 'ENABLED' })
    const { Timeout, Environment } = propertiesOf('MergeOutcomesLambdaFunction')
    expect(Timeout).toBe(900)
    expect(Environment.Variables.SNAPSHOT_RETENTION_DAYS).toBe('3')
  })
})

describe('the permissions of the roles', () => {
  interface Statement {
    Action: string | string[]
    Resource: string | string[]
  }
  const statementsOf = (role: string): Statement[] =>
    propertiesOf(role).Policies.flatMap(
      ({ PolicyDocument }: { PolicyDocument: { Statement: Statement[] } }) => PolicyDocument.Statement,
    )
  const resourcesFor = (role: string, pattern: RegExp) =>
    statementsOf(role)
      .filter(({ Action }) => [Action].flat().some((action) => pattern.test(action)))
      .flatMap(({ Resource }) => Resource)

  const MERGES = 'MergeOutcomesIamRoleLambdaExecution'
  const COLLECTS = 'CollectEventsIamRoleLambdaExecution'

  test.each(['AnalystRole', 'MergeRole', MERGES, COLLECTS])(
    '%s: no wildcard in actions or buckets',
    (role) => {
      for (const { Action, Resource } of statementsOf(role)) {
        expect([Action].flat().join()).not.toContain('*')
        // Traces have no resource.
        if ([Action].flat().every((action) => action.startsWith('xray:'))) continue
        for (const resource of [Resource].flat())
          expect(resource).toMatch(/^arn:aws:[a-z0-9]+:[^*]*(\/\*|:\*|:\*:\*)?$/)
      }
    },
  )

  test('no role can read pictures', () => {
    for (const role of ['AnalystRole', 'MergeRole', MERGES, COLLECTS]) {
      for (const resource of resourcesFor(role, /^s3:GetObject/)) {
        expect(resource).toMatch(
          /\/(metadata|collected|reconciled)\/\*$|:::cataloguebucket\/\*$|queryresults\/(analysts|merge)\/\*$/,
        )
      }
    }
  })

  test('analysts can write only query results', () => {
    expect(resourcesFor('AnalystRole', /Put|Delete|Update|Create/)).toEqual([
      'arn:aws:s3:::queryresults/analysts/*',
    ])
  })

  test('the collector can only add files', () => {
    expect(resourcesFor(COLLECTS, /^s3:(Put|Delete)/)).toEqual([
      'arn:aws:s3:::darkroom-dev-123456789012-us-east-1/collected/*',
    ])
  })

  test('the merge, which maintains the tables, can change only these and how far it is', () => {
    const changed = resourcesFor(MERGES, /^glue:(Update|Create|Delete)/)
    expect(changed.filter((arn) => arn.includes(':table/'))).toEqual([
      'arn:aws:glue:us-east-1:123456789012:table/Database.Ref/images',
      'arn:aws:glue:us-east-1:123456789012:table/Database.Ref/look_alikes',
    ])
    expect(resourcesFor(MERGES, /^s3:(Put|Delete)/)).toEqual([
      'arn:aws:s3:::darkroom-dev-123456789012-us-east-1/reconciled/*',
      'arn:aws:s3:::cataloguebucket/*',
      'arn:aws:s3:::queryresults/merge/*',
    ])
  })

  test('the schedules can change only the compacted tables', () => {
    const glue = resourcesFor('MergeRole', /^glue:(Update|Create|Delete)/)
    expect(glue.filter((arn) => arn.includes(':table/'))).toEqual([
      'arn:aws:glue:us-east-1:123456789012:table/Database.Ref/images',
      'arn:aws:glue:us-east-1:123456789012:table/Database.Ref/look_alikes',
    ])
    expect(resourcesFor('MergeRole', /^s3:(Put|Delete)/)).toEqual([
      'arn:aws:s3:::cataloguebucket/*',
      'arn:aws:s3:::queryresults/merge/*',
    ])
  })
})

test('the optional QuickSight data set has every column', () => {
  for (const id of ['QuickSightDataSource', 'QuickSightImages']) {
    expect(resources[id]).toMatchObject({ Condition: 'WithQuickSight' })
  }
  const columns = propertiesOf('QuickSightImages').PhysicalTableMap.images.RelationalTable.InputColumns
  expect(columns.map(({ Name }: Column) => Name)).toEqual(imageColumns().map(({ name }) => name))
})

test('the data dictionary matches the schema and the queries', async () => {
  const page = await readFile(new URL('../docs/data-dictionary.md', import.meta.url), 'utf8')
  // If it differs: pnpm --silent darkroom analytics dictionary > docs/data-dictionary.md
  expect(page).toBe(dataDictionary())
})

test('with tracing, every function may write traces', () => {
  const functions = ofType('AWS::Lambda::Function').map(propertiesOf)
  expect(functions.length).toBeGreaterThan(0)
  for (const { TracingConfig, Role } of functions) {
    expect(TracingConfig).toEqual({ Mode: 'Active' })
    const [{ PolicyDocument }] = propertiesOf(String(Role).replace(/\.Arn$/, '')).Policies
    expect(PolicyDocument.Statement).toContainEqual({
      Effect: 'Allow',
      Action: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
      Resource: '*',
    })
  }
})
