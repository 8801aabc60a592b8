import { S3Error } from './s3-error.ts'

// biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder is S3's
const FILENAME = '${filename}'

/** A parsed POST form. */
export interface PostForm {
  /** By lower-case name. `${filename}` in the key is replaced. */
  fields: Record<string, string>
  file: Buffer
}

/**
 * Parses the multipart/form-data of a POST. Fields after the file are ignored, as in S3.
 *
 * @throws S3Error `MalformedPOSTRequest`, `InvalidArgument`
 */
export async function readPostForm(contentType: string, body: Buffer): Promise<PostForm> {
  const fields: Record<string, string> = {}
  for (const [name, value] of await parse(contentType, body)) {
    if (typeof value === 'string') {
      fields[name.toLowerCase()] = value
      continue
    }
    if (!fields.key) {
      throw new S3Error(400, 'InvalidArgument', "Bucket POST must contain a field named 'key'.")
    }
    const key = fields.key.replaceAll(FILENAME, value.name)
    return { fields: { ...fields, key }, file: Buffer.from(await value.arrayBuffer()) }
  }
  throw new S3Error(400, 'InvalidArgument', 'POST requires exactly one file upload per request.', {
    ArgumentName: 'file',
    ArgumentValue: 0,
  })
}

async function parse(contentType: string, body: Buffer): Promise<FormData> {
  try {
    return await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData()
  } catch (cause) {
    throw new S3Error(
      400,
      'MalformedPOSTRequest',
      'The body of your POST request is not well-formed multipart/form-data.',
      { Reason: String(cause) },
    )
  }
}
