import { type AppId, AttributeName } from '@darkroom/core'
import * as z from 'zod'

export const ATTRIBUTE_TYPES = ['string', 'number', 'boolean', 'time'] as const
export type AttributeType = (typeof ATTRIBUTE_TYPES)[number]

/** Each is evaluated for every row that a query reads. With these, the view's text is far below the 400 KB that Glue stores. */
const MAX_COLUMNS = 500
const MAX_ATTRIBUTES = 50

/** An attribute of an app's images that analysts get as a column. */
export const DeclaredAttribute = z.strictObject({
  type: z
    .enum(ATTRIBUTE_TYPES)
    .describe(
      'What its values are: text; a decimal number; true or false; a date, or a time with its zone, in ISO 8601. Another value is no value in the column.',
    ),
  description: z
    .string()
    .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]{1,200}$/u, 'must be one line of 1 to 200 characters')
    .refine((text) => text.isWellFormed(), 'must be well-formed Unicode')
    .optional()
    .describe('What it is, for analysts: part of the comment of its column.'),
})

export const DeclaredAttributes = z
  .record(AttributeName, DeclaredAttribute)
  .refine(
    (attributes) => Object.keys(attributes).length <= MAX_ATTRIBUTES,
    `must be at most ${MAX_ATTRIBUTES}`,
  )
export type DeclaredAttributes = z.infer<typeof DeclaredAttributes>

/**
 * The column of an attribute in the view of all apps. Its name depends on nothing else, so what one app declares never changes a
 * column of another. With the prefix it is no reserved word and no other column; Athena allows no hyphens.
 *
 *     columnOfAttribute('order-id', 'string') // attr_order_id
 *     columnOfAttribute('rating', 'number') // attr_rating_number
 */
export function columnOfAttribute(name: string, type: AttributeType): string {
  return `attr_${name.replaceAll('-', '_')}${type === 'string' ? '' : `_${type}`}`
}

interface WithAttributes {
  attributes?: DeclaredAttributes | undefined
}

/** The rules that concern more than one attribute: the field and what is wrong with it. */
export function* contradictionsOfAttributes(
  apps: Record<AppId, WithAttributes>,
): Generator<[string[], string]> {
  const declared = new Map<string, { app: AppId; name: string; type: AttributeType }>()
  for (const [app, { attributes = {} }] of Object.entries(apps)) {
    const own = new Map<string, string>()
    for (const [name, { type }] of Object.entries(attributes)) {
      const [column, path] = [columnOfAttribute(name, type), ['apps', app, 'attributes', name]]
      const twin = own.get(column)
      const other = declared.get(column)
      if (twin !== undefined) yield [path, `has the same column as "${twin}", ${column}`]
      else if (other && other.type !== type)
        yield [path, `its column ${column} is that of the ${other.type} "${other.name}" of ${other.app}`]
      own.set(column, name)
      if (!other) declared.set(column, { app, name, type })
    }
  }
  if (declared.size > MAX_COLUMNS) {
    const columns = `${declared.size} columns, and the view of all apps can have ${MAX_COLUMNS}`
    yield [['apps'], `their attributes need ${columns}: attributes of the same name and type share one`]
  }
}
