/** The part of CloudFormation that `resources` in serverless.yml holds. */
export type Template = {
  Resources: Record<string, Resource>
  Conditions: Record<string, unknown>
  Parameters: Record<string, { Default?: unknown }>
}

/** The value with its intrinsic functions worked out; throws EventSourceError where that needs AWS. */
export type Resolve = (value: unknown) => unknown

export type Resource = {
  Type: string
  Condition?: string
  Properties?: Record<string, unknown>
}

export function readTemplate(resources: Partial<Template> = {}): Template {
  const { Resources, Conditions, Parameters } = resources
  return { Resources: Resources ?? {}, Conditions: Conditions ?? {}, Parameters: Parameters ?? {} }
}
