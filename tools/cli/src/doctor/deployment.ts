import {
  CloudFormationClient,
  DescribeStacksCommand,
  paginateListStackResources,
} from '@aws-sdk/client-cloudformation'
import {
  type FunctionConfiguration,
  GetFunctionConfigurationCommand,
  LambdaClient,
} from '@aws-sdk/client-lambda'
import pMap from 'p-map'
import { type Finding, ok, problem, warning } from './findings.ts'

/** A service's stack, and its functions as Lambda has them. */
export interface DeployedService {
  name: ServiceName
  /** The outputs of its stack. */
  outputs: Record<string, string>
  status: string
  functions: FunctionConfiguration[]
}

/** The services of a stage that have a stack. */
export type Deployment = Partial<Record<ServiceName, DeployedService>>

const SERVICES = ['image-processor', 'upload-api', 'kafka-bridge', 'analytics-catalog'] as const
type ServiceName = (typeof SERVICES)[number]

/** What is missing without the service. Both others are needed. */
const OPTIONAL: Partial<Record<ServiceName, Finding>> = {
  'kafka-bridge': ok('kafka-bridge is not deployed: images come over HTTP only.'),
  'analytics-catalog': warning(
    'analytics-catalog is not deployed: analysts have no tables.',
    'Deploy it: docs/deploy.md.',
  ),
}

export async function readDeployment(stage: string): Promise<Deployment> {
  const cloudFormation = new CloudFormationClient()
  const lambda = new LambdaClient()
  const services = await pMap(SERVICES, (name) => readService(cloudFormation, lambda, name, stage))
  cloudFormation.destroy()
  lambda.destroy()
  return Object.fromEntries(services.flatMap((service) => (service ? [[service.name, service]] : [])))
}

async function readService(
  cloudFormation: CloudFormationClient,
  lambda: LambdaClient,
  name: ServiceName,
  stage: string,
): Promise<DeployedService | undefined> {
  const StackName = `darkroom-${name}-${stage}`
  const described = await cloudFormation.send(new DescribeStacksCommand({ StackName })).catch(absentStack)
  const stack = described?.Stacks?.[0]
  if (!stack?.StackStatus || stack.StackStatus === 'DELETE_COMPLETE') return undefined
  const functionNames: string[] = []
  for await (const page of paginateListStackResources({ client: cloudFormation }, { StackName })) {
    for (const { ResourceType, PhysicalResourceId } of page.StackResourceSummaries ?? []) {
      if (ResourceType === 'AWS::Lambda::Function' && PhysicalResourceId)
        functionNames.push(PhysicalResourceId)
    }
  }
  const functions = await pMap(
    functionNames,
    (FunctionName) => lambda.send(new GetFunctionConfigurationCommand({ FunctionName })),
    { concurrency: 5 },
  )
  const outputs = (stack.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [
    OutputKey,
    OutputValue,
  ])
  return { name, outputs: Object.fromEntries(outputs), status: stack.StackStatus, functions }
}

/** CloudFormation answers 400 for a stack that does not exist. */
function absentStack(error: Error): undefined {
  if (error.name !== 'ValidationError') throw error
}

export async function checkStacks(deployment: Deployment): Promise<Finding[]> {
  return SERVICES.map((name) => {
    const service = deployment[name]
    if (!service) return OPTIONAL[name] ?? problem(`${name} is not deployed.`, 'Deploy it: docs/deploy.md.')
    return checkStatus(service)
  })
}

function checkStatus({ name, status, functions }: DeployedService): Finding {
  if (['CREATE_COMPLETE', 'UPDATE_COMPLETE'].includes(status)) {
    return ok(`${name}: ${status}, ${functions.length} functions`)
  }
  if (status.endsWith('_IN_PROGRESS')) return warning(`${name}: ${status}`, 'Wait for its end and ask again.')
  const advice = `See the events of the stack: aws cloudformation describe-stack-events.`
  if (status === 'UPDATE_ROLLBACK_COMPLETE') {
    return warning(`${name}: the last deployment failed and was rolled back.`, advice)
  }
  return problem(`${name}: ${status}`, advice)
}

/** Environment of functions that must be the same in all services. */
const AGREED = ['BUCKET', 'QUEUE_URL', 'HEIC_DECODER', 'APPS_DIGEST']

export async function checkFunctions(deployment: Deployment): Promise<Finding[]> {
  const functions = Object.values(deployment).flatMap(({ functions }) => functions)
  const broken = functions.filter(
    ({ State = 'Active', LastUpdateStatus = 'Successful' }) =>
      State === 'Failed' || LastUpdateStatus === 'Failed',
  )
  const findings = broken.map(({ FunctionName, StateReason, LastUpdateStatusReason }) =>
    problem(
      `${FunctionName} cannot run: ${StateReason ?? LastUpdateStatusReason}`,
      'Deploy its service again.',
    ),
  )
  const runtimes = [...new Set(functions.map(({ Runtime }) => Runtime))]
  return [...findings, ...AGREED.flatMap((name) => checkAgreement(functions, name)), ok(runtimes.join(', '))]
}

/** What the decoder could reach, if an image took it over: docs/security.md. */
export async function checkDecoder(deployment: Deployment): Promise<Finding[]> {
  if (settingOf(deployment['image-processor'], 'ENGINE_CONTAINMENT') === 'required')
    return [ok('images are decoded in contained processes only')]
  const text = 'Images are processed where their decoder cannot be contained.'
  return [warning(text, 'Deploy image-processor with engineContainment: required.')]
}

function checkAgreement(functions: FunctionConfiguration[], name: string): Finding[] {
  const setting = ({ Environment }: FunctionConfiguration) => Environment?.Variables?.[name]
  const values = Map.groupBy(
    functions.filter((some) => setting(some) !== undefined),
    (some) => comparable(setting(some) ?? ''),
  )
  if (values.size <= 1) return []
  const examples = [...values].map(([value = '', [some]]) => `${some?.FunctionName}: ${shorten(value)}`)
  return [
    problem(
      `${name} is not the same in all services: ${examples.join('; ')}.`,
      'Deploy all services with the same settings.',
    ),
  ]
}

/** A queue can have several addresses; its account and name are their path. */
function comparable(value: string): string {
  return URL.canParse(value) ? new URL(value).pathname : value
}

const shorten = (text: string) => (text.length > 60 ? `${text.slice(0, 57)}...` : text)

/** The value of an environment variable of a service's functions. */
export function settingOf(service: DeployedService | undefined, name: string): string | undefined {
  return service?.functions.map(({ Environment }) => Environment?.Variables?.[name]).find(Boolean)
}

/** A function of the service by the last part of its name. */
export function functionOf(
  service: DeployedService | undefined,
  name: string,
): FunctionConfiguration | undefined {
  return service?.functions.find(({ FunctionName }) => FunctionName?.endsWith(`-${name}`))
}
