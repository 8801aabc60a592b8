import { localCredentials } from './aws-environment.ts'
import type { PostForm } from './post-form.ts'
import { S3Error } from './s3-error.ts'
import { signatureMismatch, signatureOf, unknownAccessKey } from './signatures.ts'

type Condition = Record<string, string> | [string, string, string] | ['content-length-range', number, number]

interface Policy {
  expiration: string
  conditions: Condition[]
}

/**
 * Checks a form against its policy: signature, expiration, each condition, the length of the file, and that the form
 * has no fields that the policy does not mention.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
 *
 * @throws S3Error `AccessDenied`, `SignatureDoesNotMatch`, `InvalidAccessKeyId`, `InvalidPolicyDocument`,
 *   `EntityTooLarge`, `EntityTooSmall`
 */
export function enforcePolicy({ fields, file }: PostForm, bucket: string): void {
  if (!fields.policy) throw new S3Error(403, 'AccessDenied', 'Access Denied')
  verifySignature(fields, fields.policy)
  const { expiration, conditions } = decode(fields.policy)
  if (!(Date.parse(expiration) > Date.now())) throw denied('Policy expired.')
  const form = { ...fields, bucket }
  for (const condition of conditions) {
    if (isLengthRange(condition)) checkLength(condition, file.length)
    else if (!holds(condition, form)) throw denied(`Policy Condition failed: ${describe(condition)}`)
  }
  const extra = Object.keys(fields).filter((name) => !isExempt(name) && !isNamed(name, conditions))
  if (extra.length > 0) throw denied(`Extra input fields: ${extra.join(', ')}`)
}

/** Its names are case-sensitive. */
function decode(policy: string): Policy {
  const { expiration, conditions } = parse(policy)
  if (typeof expiration !== 'string') throw invalid('Policy missing expiration.')
  if (Number.isNaN(Date.parse(expiration))) throw invalid(`Invalid 'expiration' value: '${expiration}'`)
  if (!Array.isArray(conditions)) throw invalid('Policy missing conditions.')
  if (!conditions.every(isCondition)) throw invalid('Invalid Simple-Condition.')
  return { expiration, conditions }
}

function parse(policy: string): Partial<Record<keyof Policy, unknown>> {
  try {
    return Object(JSON.parse(Buffer.from(policy, 'base64').toString()))
  } catch {
    throw invalid('Invalid JSON.')
  }
}

function isCondition(condition: unknown): condition is Condition {
  if (!Array.isArray(condition)) return Object.keys(Object(condition)).length === 1
  const [operator, ...operands] = condition
  const type = operator === 'content-length-range' ? 'number' : 'string'
  return (
    typeof operator === 'string' && operands.length === 2 && operands.every((each) => typeof each === type)
  )
}

function invalid(reason: string): S3Error {
  return new S3Error(400, 'InvalidPolicyDocument', `Invalid Policy: ${reason}`)
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-authentication-HTTPPOST.html */
function verifySignature(fields: Record<string, string>, policy: string): void {
  const [accessKeyId = '', ...scope] = (fields['x-amz-credential'] ?? '').split('/')
  if (accessKeyId !== localCredentials.accessKeyId) throw unknownAccessKey(accessKeyId)
  if (signatureOf(policy, scope) !== fields['x-amz-signature']) throw signatureMismatch()
}

function isLengthRange(condition: Condition): condition is ['content-length-range', number, number] {
  return Array.isArray(condition) && condition[0] === 'content-length-range'
}

function checkLength([, min, max]: [string, number, number], ProposedSize: number): void {
  if (ProposedSize > max) {
    const message = 'Your proposed upload exceeds the maximum allowed size'
    throw new S3Error(400, 'EntityTooLarge', message, { ProposedSize, MaxSizeAllowed: max })
  }
  if (ProposedSize < min) {
    const message = 'Your proposed upload is smaller than the minimum allowed size'
    throw new S3Error(400, 'EntityTooSmall', message, { ProposedSize, MinSizeAllowed: min })
  }
}

/** A missing field satisfies no condition, not even `starts-with` with an empty string. */
function holds(condition: Condition, form: Record<string, string>): boolean {
  const [operator, name, operand] = toTriple(condition)
  const value = form[name]
  if (value === undefined) return false
  if (operator === 'eq') return value === operand
  if (operator !== 'starts-with') return false
  const values = name === 'content-type' ? value.split(',') : [value]
  return values.every((each) => each.startsWith(operand))
}

/** `{"key": "a"}` is short for `["eq", "$key", "a"]`. */
function toTriple(condition: Condition): [operator: string, name: string, operand: string] {
  const [operator, name, operand] = Array.isArray(condition)
    ? (condition as [string, string, string])
    : ['eq', ...(Object.entries(condition)[0] ?? ['', ''])]
  return [operator.toLowerCase(), String(name).replace(/^\$/, '').toLowerCase(), String(operand)]
}

function describe(condition: Condition): string {
  const [operator, name, operand] = Array.isArray(condition)
    ? condition
    : ['eq', ...Object.entries(condition).flatMap(([key, value]) => [`$${key}`, value])]
  return `[${[operator, name, operand].map((each) => JSON.stringify(each)).join(', ')}]`
}

/** Fields that a policy need not mention. */
function isExempt(name: string): boolean {
  return ['policy', 'x-amz-signature', 'file'].includes(name) || name.startsWith('x-ignore-')
}

function isNamed(name: string, conditions: Condition[]): boolean {
  return conditions.some((condition) => !isLengthRange(condition) && toTriple(condition)[1] === name)
}

function denied(reason: string): S3Error {
  return new S3Error(403, 'AccessDenied', `Invalid according to Policy: ${reason}`)
}
