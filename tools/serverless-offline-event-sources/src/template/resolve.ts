import { EventSourceError } from '../event-source-error.ts'
import { meetsCondition } from './condition.ts'
import { resourceArn, resourceName } from './resource-name.ts'
import type { Resolve, Template } from './template.ts'

export type Stack = { region: string; stackName: string }

/** What local AWS servers use. Names count locally, accounts do not. */
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
    return resourceName(name, template, resolve)
  }

  const getAtt = (target: unknown): unknown => {
    const [resource, attribute] = typeof target === 'string' ? target.split('.') : (target as string[])
    const name = resourceName(String(resource), template, resolve)
    if (attribute !== 'Arn') return name
    return resourceArn(String(template.Resources[String(resource)]?.Type), name, region, LOCAL_ACCOUNT)
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
        throw new EventSourceError('unresolved', `${name} cannot be worked out locally.`)
      }
    }
    return Object.fromEntries(entries.map(([key, inner]) => [key, resolve(inner)]))
  }

  return resolve
}
