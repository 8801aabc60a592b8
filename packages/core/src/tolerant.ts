import * as z from 'zod'

/**
 * What a reader can rely on in data from a later version: the fields that this version requires, and their types. Lists of
 * known values may have grown, limits and patterns may have changed, and there may be more fields.
 */
export type Tolerant<Value> = Value extends string
  ? string
  : Value extends number
    ? number
    : Value extends readonly (infer Element)[]
      ? Tolerant<Element>[]
      : Value extends object
        ? { [Name in keyof Value]: Tolerant<Value[Name]> }
        : Value

/**
 * The reader's schema, made from the writer's: the same fields of the same types, without their limits, patterns and
 * lists of values. Fields that the writer's schema does not have are dropped.
 */
export function tolerant<Output>(schema: z.ZodType<Output>): z.ZodType<Tolerant<Output>> {
  // The type says what `relax` does; zod cannot express it.
  return relax(schema) as z.ZodType<Tolerant<Output>>
}

function relax(schema: z.core.$ZodType): z.ZodType {
  if (schema instanceof z.ZodObject) return z.object(relaxFields(schema.shape))
  if (schema instanceof z.ZodOptional) return relax(schema.unwrap()).optional()
  if (schema instanceof z.ZodArray) return z.array(relax(schema.element))
  if (schema instanceof z.ZodRecord) return z.record(z.string(), relax(schema.valueType))
  if (schema instanceof z.ZodDiscriminatedUnion) return relaxUnion(schema)
  if (schema instanceof z.ZodPipe) return relax(schema.in)
  if (schema instanceof z.ZodLiteral) return schema.values.has(1) ? z.number() : z.string()
  return relaxScalar(schema)
}

function relaxScalar({ _zod: { def } }: z.core.$ZodType): z.ZodType {
  // Readers calculate with times, so they have to be times.
  if ('format' in def && def.format === 'datetime') return z.iso.datetime({ offset: true })
  if (def.type === 'string' || def.type === 'enum') return z.string()
  if (def.type === 'number') return z.number()
  if (def.type === 'boolean') return z.boolean()
  throw new Error(`No tolerant schema is known for a ${def.type}. Add it here.`)
}

function relaxFields(shape: z.core.$ZodShape): Record<string, z.ZodType> {
  return Object.fromEntries(Object.entries(shape).map(([name, field]) => [name, relax(field)]))
}

/** If the kind is unknown, only the kind is read. */
function relaxUnion({ options, def: { discriminator } }: z.ZodDiscriminatedUnion): z.ZodType {
  const known = options.map((option) => {
    const { shape } = option as z.ZodObject
    return z.object({ ...relaxFields(shape), [discriminator]: shape[discriminator] as z.ZodType })
  })
  return z.union([...known, z.object({ [discriminator]: z.string() })])
}

/** Why a text could not be read as JSON with this schema, for a log. It does not quote the text. */
export function whyUnreadable(error: unknown): string {
  if (error instanceof SyntaxError) return 'it is not JSON'
  if (!(error instanceof z.ZodError)) throw error
  return error.issues.map(({ path, message }) => [...path, message].join(': ')).join('; ')
}
