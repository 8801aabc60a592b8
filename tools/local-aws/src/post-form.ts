import { S3Refusal } from './s3-refusal.ts'

// biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder is S3's
const FILENAME = '${filename}'

/** A form as S3 understands it. */
export interface PostForm {
  /** By name in lower case; `${filename}` in the key is filled in. */
  fields: Record<string, string>
  file: Buffer
}

/**
 * Reads the multipart/form-data of a POST. What comes after the file is ignored, as S3 does.
 *
 * @throws S3Refusal `MalformedPOSTRequest`, `InvalidArgument`
 */
export async function readPostForm(contentType: string, body: Buffer): Promise<PostForm> {
  const fields: Record<string, string> = {}
  for (const [name, value] of await parse(contentType, body)) {
    if (typeof value === 'string') {
      fields[name.toLowerCase()] = value
      continue
    }
    if (!fields.key) {
      throw new S3Refusal(400, 'InvalidArgument', "Bucket POST must contain a field named 'key'.")
    }
    const key = fields.key.replaceAll(FILENAME, value.name)
    return { fields: { ...fields, key }, file: Buffer.from(await value.arrayBuffer()) }
  }
  throw new S3Refusal(400, 'InvalidArgument', 'POST requires exactly one file upload per request.', {
    ArgumentName: 'file',
    ArgumentValue: 0,
  })
}

async function parse(contentType: string, body: Buffer): Promise<FormData> {
  try {
    return await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData()
  } catch (cause) {
    throw new S3Refusal(
      400,
      'MalformedPOSTRequest',
      'The body of your POST request is not well-formed multipart/form-data.',
      { Reason: String(cause) },
    )
  }
}
