import { EventSourceError } from '../event-source-error.ts'
import type { Resolve, Template } from './template.ts'

/** Works out a named condition of the template; throws EventSourceError where that needs AWS. */
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
    throw new EventSourceError('unresolved', `Condition ${name} cannot be worked out locally.`)
  }

  return evaluate(template.Conditions[name])
}
