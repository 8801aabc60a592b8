import { EventSourceError } from './event-source-error.ts'

/** The CloudFormation template in `resources` of serverless.yml. */
export interface Template {
  Resources: Record<string, Resource>
  Conditions: Record<string, unknown>
  Parameters: Record<string, { Default?: unknown }>
}

/** Resolves the intrinsic functions in a value. Throws EventSourceError if that needs AWS. */
export type Resolve = (value: unknown) => unknown

export interface Resource {
  Type: string
  Condition?: string
  Properties?: Record<string, unknown>
}

export function readTemplate(resources: Partial<Template> = {}): Template {
  const { Resources, Conditions, Parameters } = resources
  return { Resources: Resources ?? {}, Conditions: Conditions ?? {}, Parameters: Parameters ?? {} }
}

export type Stack = { region: string; stackName: string }

/** The account id of local AWS servers. */
const LOCAL_ACCOUNT = '000000000000'

export function createResolve(template: Template, { region, stackName }: Stack): Resolve {
  const pseudoParameters: Record<string, unknown> = {
    'AWS::AccountId': LOCAL_ACCOUNT,
    'AWS::Partition': 'aws',
    'AWS::Region': region,
    'AWS::StackName': stackName,
    'AWS::URLSuffix': 'amazonaws.com',
    'AWS::NoValue': undefined,
  }

  const ref = (name: string): unknown => {
    if (Object.hasOwn(pseudoParameters, name)) return pseudoParameters[name]
    const parameter = template.Parameters[name]
    if (parameter?.Default !== undefined) return parameter.Default
    const resource = resourceName(name, template, resolve)
    const type = String(template.Resources[name]?.Type)
    return type === 'AWS::SNS::Topic' ? resourceArn(type, resource, region, LOCAL_ACCOUNT) : resource
  }

  const getAtt = (target: unknown): unknown => {
    const [resource, attribute] = typeof target === 'string' ? target.split('.') : (target as string[])
    const name = resourceName(String(resource), template, resolve)
    const type = String(template.Resources[String(resource)]?.Type)
    if (attribute !== 'Arn' && attribute !== 'TopicArn') return name
    return resourceArn(type, name, region, LOCAL_ACCOUNT)
  }

  const sub = (argument: unknown): string => {
    const [text, variables = {}] = (Array.isArray(argument) ? argument : [argument]) as [string, object?]
    return text.replaceAll(/\$\{(!?)([^}]*)\}/g, (_, escaped: string, name: string) => {
      if (escaped) return `\${${name}}`
      if (Object.hasOwn(variables, name)) return String(resolve(Reflect.get(variables, name)))
      return String(name.includes('.') ? getAtt(name) : ref(name))
    })
  }

  const join = (argument: unknown): string => {
    const [separator, parts] = resolve(argument) as [string, unknown[]]
    return parts.join(separator)
  }

  const choose = (argument: unknown): unknown => {
    const [condition, whenTrue, whenFalse] = argument as [string, unknown, unknown]
    return resolve(meetsCondition(condition, template, resolve) ? whenTrue : whenFalse)
  }

  const intrinsics: Record<string, (argument: unknown) => unknown> = {
    Ref: (argument) => ref(String(argument)),
    'Fn::GetAtt': getAtt,
    'Fn::Sub': sub,
    'Fn::Join': join,
    'Fn::If': choose,
  }

  function resolve(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(resolve)
    if (typeof value !== 'object' || value === null) return value
    const entries = Object.entries(value)
    const [name, argument] = entries[0] ?? []
    if (entries.length === 1 && name !== undefined) {
      const intrinsic = intrinsics[name]
      if (intrinsic) return intrinsic(argument)
      if (name.startsWith('Fn::')) {
        throw new EventSourceError('unresolved', `${name} cannot be resolved locally.`)
      }
    }
    return Object.fromEntries(entries.map(([key, inner]) => [key, resolve(inner)]))
  }

  return resolve
}

/** Evaluates a condition of the template. Throws EventSourceError if that needs AWS. */
export function meetsCondition(name: string, template: Template, resolve: Resolve): boolean {
  const operators: Record<string, (operands: unknown[]) => boolean> = {
    'Fn::Equals': ([left, right]) => String(resolve(left)) === String(resolve(right)),
    'Fn::Not': ([operand]) => !evaluate(operand),
    'Fn::And': (operands) => operands.every(evaluate),
    'Fn::Or': (operands) => operands.some(evaluate),
  }

  function evaluate(expression: unknown): boolean {
    const [operator, operand] = Object.entries(expression ?? {})[0] ?? []
    if (operator === 'Condition') return meetsCondition(String(operand), template, resolve)
    const apply = operators[String(operator)]
    if (apply && Array.isArray(operand)) return apply(operand)
    throw new EventSourceError('unresolved', `Condition ${name} cannot be evaluated locally.`)
  }

  return evaluate(template.Conditions[name])
}

const NAME_PROPERTIES: Record<string, string> = {
  'AWS::SQS::Queue': 'QueueName',
  'AWS::S3::Bucket': 'BucketName',
  'AWS::SNS::Topic': 'TopicName',
}

/** CloudFormation generates missing names, but locally a resource needs one. */
function resourceName(logicalId: string, template: Template, resolve: Resolve): string {
  const resource = template.Resources[logicalId]
  if (!resource) throw new EventSourceError('unresolved', `The service has no resource ${logicalId}.`)
  const property = NAME_PROPERTIES[resource.Type]
  if (!property) {
    throw new EventSourceError('unresolved', `${logicalId} is an ${resource.Type}, which has no local name.`)
  }
  const name = resolve(resource.Properties?.[property])
  if (typeof name === 'string' && name !== '') return name
  throw new EventSourceError('invalid-resource', `Resource ${logicalId} needs a ${property} to run locally.`)
}

function resourceArn(type: string, name: string, region: string, account: string): string {
  if (type === 'AWS::S3::Bucket') return `arn:aws:s3:::${name}`
  return `arn:aws:${type === 'AWS::SNS::Topic' ? 'sns' : 'sqs'}:${region}:${account}:${name}`
}
