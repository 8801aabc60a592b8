import * as z from 'zod'
import { ImageId } from './image-id.ts'

/**
 * A CloudEvents 1.0 envelope in JSON format, with the distributed-tracing extension's `traceparent`
 * (https://github.com/cloudevents/spec, W3C Trace Context). `subject` is the image id.
 */
export function cloudEvent<Type extends string, Data extends z.ZodType>(type: Type, data: Data) {
  return z.object({
    specversion: z.literal('1.0'),
    id: z.string().min(1),
    source: z.string().min(1),
    type: z.literal(type),
    time: z.iso.datetime(),
    subject: ImageId,
    datacontenttype: z.literal('application/json'),
    traceparent: z.string().optional(),
    data,
  })
}
