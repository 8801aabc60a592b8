import { dirname } from 'node:path'
import { readSettings, requireAgreement } from './agreed-settings.ts'
import { type AlarmedFunction, completeAlarms, functionAlarms, type Resource } from './alarms.ts'
import { auditSubscriptions } from './audit-subscriptions.ts'
import { requireStageName, roleName } from './names.ts'

interface ServiceFunction extends AlarmedFunction {
  iamRoleStatementsName?: string
  iamRoleStatements?: object[]
  events?: object[]
}

interface Serverless {
  serviceDir: string
  service: {
    custom?: { auditTrail?: boolean }
    functions: Record<string, ServiceFunction>
    provider: {
      timeout?: number
      tracing?: { lambda?: string }
      httpApi?: { authorizers?: Record<string, { functionName?: string }> }
      compiledCloudFormationTemplate: { Resources: Record<string, Resource> }
    }
  }
  getProvider(name: 'aws'): { getStage(): string; getRegion(): string }
}

/**
 * A Serverless plugin that every service uses, after serverless-iam-roles-per-function. Before anything is packaged, it checks
 * the stage's name and the settings that the services must agree on, and it names the role of each function, which may write traces if the stage has
 * them. It adds alarms for the functions, completes those that serverless.yml defines, and has the lines of the audit trail delivered.
 */
export default class Deployment {
  readonly hooks: Record<string, () => void>

  constructor(serverless: Serverless) {
    this.hooks = {
      initialize: () => prepare(serverless),
      'before:package:finalize': () => removeSharedRole(serverless),
      'after:aws:package:finalize:mergeCustomProviderResources': () => addAlarms(serverless),
    }
  }
}

/** https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html#services-xray-permissions */
const WRITE_TRACES = {
  Effect: 'Allow',
  Action: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
  Resource: '*',
}

function prepare(serverless: Serverless): void {
  const provider = serverless.getProvider('aws')
  const stage = provider.getStage()
  requireStageName(stage)
  requireAgreement(readSettings(dirname(serverless.serviceDir), stage), stage)
  for (const [name, lambda] of Object.entries(serverless.service.functions)) {
    lambda.iamRoleStatementsName = roleName(stage, name, provider.getRegion())
    if (serverless.service.provider.tracing?.lambda === 'Active') {
      lambda.iamRoleStatements = [...(lambda.iamRoleStatements ?? []), WRITE_TRACES]
    }
  }
}

/** The framework's role for functions without one of their own. Its name is too long for some stages. */
function removeSharedRole({ service }: Serverless): void {
  const { Resources } = service.provider.compiledCloudFormationTemplate
  const { IamRoleLambdaExecution: _, ...others } = Resources
  if (!JSON.stringify(others).includes('"IamRoleLambdaExecution"')) delete Resources.IamRoleLambdaExecution
}

/** The framework's timeout for functions without one. */
const DEFAULT_TIMEOUT_SECONDS = 6

function addAlarms(serverless: Serverless): void {
  const { functions, provider, custom } = serverless.service
  const { Resources } = provider.compiledCloudFormationTemplate
  const stage = serverless.getProvider('aws').getStage()
  if (custom?.auditTrail) Object.assign(Resources, auditSubscriptions(Object.keys(functions), stage))
  const authorizers = Object.values(provider.httpApi?.authorizers ?? {}).map(
    ({ functionName }) => functionName,
  )
  const alarmed = Object.entries(functions).map(([name, { timeout, events = [] }]) => {
    const isBehindGateway = events.some((event) => 'httpApi' in event) || authorizers.includes(name)
    return [name, { ...(timeout !== undefined && { timeout }), isBehindGateway }]
  })
  const seconds = provider.timeout ?? DEFAULT_TIMEOUT_SECONDS
  Object.assign(Resources, functionAlarms(stage, Object.fromEntries(alarmed), seconds))
  completeAlarms(Resources, stage)
}
