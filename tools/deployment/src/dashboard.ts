import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { Resource } from './alarms.ts'

const SERVICES = join(import.meta.dirname, '../../../services')
/** The width of CloudWatch's grid is 24. */
const WIDTH = 12
const HEIGHT = 6
const PERIOD_SECONDS = 300

interface Widget {
  title: string
  /** CloudWatch's own short form: `[namespace, metric, name, value, …, options]`. */
  metrics: unknown[][]
  stat: string
}

/**
 * The CloudWatch dashboard of a stage. It is a resource of the service with the HTTP API, whose id is not known before; all
 * others have names by the stage.
 */
export function dashboard(stage: string): Resource {
  const body = {
    start: '-PT24H',
    widgets: widgets(stage).map(({ title, metrics, stat }, index) => ({
      type: 'metric',
      x: (index % 2) * WIDTH,
      y: Math.floor(index / 2) * HEIGHT,
      width: WIDTH,
      height: HEIGHT,
      properties: {
        title,
        metrics,
        stat,
        period: PERIOD_SECONDS,
        region: `\${AWS::Region}`,
        view: 'timeSeries',
      },
    })),
  }
  return {
    Type: 'AWS::CloudWatch::Dashboard',
    Properties: { DashboardName: `darkroom-${stage}`, DashboardBody: { 'Fn::Sub': JSON.stringify(body) } },
  }
}

function widgets(stage: string): Widget[] {
  const own = (service: string, metric: string, options = {}) => [
    'Darkroom',
    metric,
    'service',
    service,
    'stage',
    stage,
    options,
  ]
  const api = (metric: string, options = {}) => ['AWS/ApiGateway', metric, 'ApiId', `\${HttpApi}`, options]
  const queue = (metric: string, name: string) => [
    'AWS/SQS',
    metric,
    'QueueName',
    `darkroom-${stage}-${name}`,
  ]
  const topic = (metric: string, options: object) => [
    'AWS/SNS',
    metric,
    'TopicName',
    `darkroom-${stage}-events`,
    options,
  ]
  const functions = namesOfFunctions(stage)
  const lambdas = (metric: string) =>
    functions.map(({ name, label }) => ['AWS/Lambda', metric, 'FunctionName', name, { label }])
  const nameOf = (wanted: string) => {
    const found = functions.find(({ label }) => label === wanted)
    if (!found) throw new Error(`There is no function ${wanted}.`)
    return found.name
  }
  const lambda = (name: string, metric: string, options = {}) => [
    'AWS/Lambda',
    metric,
    'FunctionName',
    nameOf(name),
    options,
  ]
  return [
    {
      title: 'Time until an image is ready, ms',
      metrics: ['p50', 'p95', 'p99.9'].map((stat) =>
        own('image-processor', 'TimeToReady', { stat, label: stat }),
      ),
      stat: 'p50',
    },
    {
      title: 'Ready within 10 s, % (objective: 99.9)',
      metrics: [own('image-processor', 'TimeToReady', { label: 'within 10 s' })],
      stat: 'PR(:10000)',
    },
    {
      title: 'Images ready',
      metrics: [own('image-processor', 'TimeToReady', { label: 'images' })],
      stat: 'SampleCount',
    },
    { title: 'API: requests and errors', metrics: [api('Count'), api('4xx'), api('5xx')], stat: 'Sum' },
    {
      title: 'Accepting an upload, ms',
      metrics: ['p50', 'p95', 'p99'].map((stat) => lambda('uploadImage', 'Duration', { stat, label: stat })),
      stat: 'p50',
    },
    {
      title: 'Messages waiting',
      metrics: [
        'images',
        'images-dead-letters',
        'images-parked',
        'images-watch',
        'outcomes',
        'outcomes-dead-letters',
        'collect',
        'collect-dead-letters',
        'merge-dead-letters',
      ].map((name) => queue('ApproximateNumberOfMessagesVisible', name)),
      stat: 'Maximum',
    },
    {
      title: 'Age of the oldest message, s',
      metrics: ['images', 'outcomes', 'collect'].map((name) => queue('ApproximateAgeOfOldestMessage', name)),
      stat: 'Maximum',
    },
    {
      title: 'Repairs: messages sent again, uploads and erasures completed',
      metrics: [
        'ImagesEnqueuedAgain',
        'UploadsCompleted',
        'ErasuresCompleted',
        'ObjectsReconciled',
        'MessagesNotSent',
      ].map((metric) => own('upload-api', metric)),
      stat: 'Sum',
    },
    {
      title: 'Images whose decoder was not contained',
      metrics: [own('image-processor', 'EngineNotContained', { label: 'images' })],
      stat: 'Sum',
    },
    {
      title: 'Outcomes announced',
      metrics: [
        own('image-processor', 'OutcomesAnnounced', { label: 'documents' }),
        topic('NumberOfNotificationsDelivered', { label: 'delivered to subscribers' }),
        topic('NumberOfNotificationsFailed', { label: 'not delivered' }),
      ],
      stat: 'Sum',
    },
    {
      title: 'Events collected for analysts, and rows announced again',
      metrics: ['EventsCollected', 'UnreadableEvents', 'RowsMissing'].map((metric) =>
        own('analytics-catalog', metric),
      ),
      stat: 'Sum',
    },
    {
      title: "How far the analysts' table is behind, ms",
      metrics: [own('analytics-catalog', 'MergeLag', { label: 'lag' })],
      stat: 'Maximum',
    },
    { title: 'Errors of functions', metrics: lambdas('Errors'), stat: 'Sum' },
    { title: 'Throttles of functions', metrics: lambdas('Throttles'), stat: 'Sum' },
    { title: 'Longest duration of functions, ms', metrics: lambdas('Duration'), stat: 'Maximum' },
    {
      title: 'Parallel invocations',
      metrics: ['processImages', 'getImage', 'uploadImage', 'bridgeRecords'].map((name) =>
        lambda(name, 'ConcurrentExecutions', { label: name }),
      ),
      stat: 'Maximum',
    },
    {
      title: 'Kafka records',
      metrics: ['KafkaRecordsAccepted', 'KafkaRecordsRejected', 'KafkaRecordsDeferred'].map((metric) =>
        own('kafka-bridge', metric),
      ),
      stat: 'Sum',
    },
    {
      title: 'Kafka: records waiting',
      metrics: [[{ expression: offsetLagOf(nameOf('bridgeRecords')), label: 'OffsetLag' }]],
      stat: 'Maximum',
    },
  ]
}

/** The metric has more dimensions, one of which is the id of the mapping. */
function offsetLagOf(functionName: string): string {
  return `SELECT MAX(OffsetLag) FROM "AWS/Lambda" WHERE FunctionName = '${functionName}'`
}

/** Of all services, as each serverless.yml lists them. */
function namesOfFunctions(stage: string): { name: string; label: string }[] {
  return readdirSync(SERVICES).flatMap((folder) => {
    const { service, functions } = parse(readFileSync(join(SERVICES, folder, 'serverless.yml'), 'utf8'))
    return Object.keys(functions).map((label) => ({ name: `${service}-${stage}-${label}`, label }))
  })
}
