/**
 * Shape tables, linked: names resolved to objects, and what the codecs ask on each request computed once.
 * A service's table is loaded when it is first needed; an operation's shapes are linked when it is first called.
 */
import { shapeTableLoaders } from "#models/loaders.ts";
import type {
  CommonErrorModel,
  MemberModel,
  Metadata,
  Model,
  ShapeModel,
} from "#models/shape-table.ts";

export class ServiceModel {
  /** As in models/services.json: "dynamodb". */
  readonly id: string;
  readonly metadata: Metadata;
  readonly commonErrors: Readonly<Record<string, CommonErrorModel>>;
  readonly #model: Model;
  readonly #operations = new Map<string, OperationModel>();
  readonly #shapes = new Map<string, Shape>();

  constructor(id: string, model: Model) {
    this.id = id;
    this.#model = model;
    this.metadata = model.metadata;
    this.commonErrors = model.commonErrors ?? {};
  }

  get operationNames(): string[] {
    return Object.keys(this.#model.operations);
  }

  operation(name: string): OperationModel | undefined {
    const linked = this.#operations.get(name);
    if (linked) return linked;
    if (!Object.hasOwn(this.#model.operations, name)) return undefined;
    const operation = new OperationModel(this, name, this.#model);
    this.#operations.set(name, operation);
    return operation;
  }

  shape(name: string): Shape {
    let shape = this.#shapes.get(name);
    if (shape) return shape;
    const model = this.#model.shapes[name];
    if (!model) throw new Error(`${this.id} has no shape ${name}`);
    shape = new Shape(name, model);
    this.#shapes.set(name, shape); // before its members: shapes may contain themselves
    shape.link(this);
    return shape;
  }
}

export class OperationModel {
  readonly service: ServiceModel;
  readonly name: string;
  readonly method: string;
  readonly requestUri: string;
  readonly responseCode: number;
  readonly input: Shape | undefined;
  readonly output: Shape | undefined;
  /** Name of the element around the result in the query protocol. */
  readonly resultWrapper: string | undefined;
  /** Name and namespace of the root element of a rest-xml input, where the model gives them to the operation. */
  readonly inputLocationName: string | undefined;
  /** The member of the output that is an event stream. */
  readonly eventStream: Member | undefined;
  /** By error code: the errors that the model declares for this operation. */
  readonly errors: ReadonlyMap<string, Shape>;
  /** True for operations that take no signature: "none", as Cognito's sign-up. */
  readonly unsigned: boolean;

  constructor(service: ServiceModel, name: string, model: Model) {
    const operation = model.operations[name];
    if (!operation) throw new Error(`${service.id} has no operation ${name}`);
    this.service = service;
    this.name = name;
    this.method = operation.http.method;
    this.requestUri = operation.http.requestUri;
    this.responseCode = operation.http.responseCode ?? 200;
    this.input = operation.input && service.shape(operation.input.shape);
    this.output = operation.output && service.shape(operation.output.shape);
    this.eventStream = this.output?.members.find(({ shape }) => shape.model.eventstream);
    this.resultWrapper = operation.output?.resultWrapper;
    this.inputLocationName = operation.input?.locationName;
    this.unsigned = operation.authtype === "none" || operation.auth?.[0] === "smithy.api#noAuth";
    this.errors = new Map(
      (operation.errors ?? []).map(({ shape }) => {
        const linked = service.shape(shape);
        return [linked.model.error?.code ?? shape, linked];
      }),
    );
  }
}

export interface Member {
  readonly name: string;
  readonly shape: Shape;
  readonly model: MemberModel;
  readonly required: boolean;
  /** Name in JSON and CBOR bodies. */
  readonly wireName: string;
  /** Whether it lives outside the body, in a header, the path or the query: in the REST protocols only. */
  readonly bound: boolean;
}

export type ShapeType =
  | "structure"
  | "list"
  | "map"
  | "string"
  | "blob"
  | "timestamp"
  | "boolean"
  | "integer"
  | "long"
  | "float"
  | "double"
  | "document";

const typeNames: Record<string, ShapeType> = {
  structure: "structure",
  list: "list",
  map: "map",
  string: "string",
  character: "string",
  blob: "blob",
  timestamp: "timestamp",
  boolean: "boolean",
  byte: "integer",
  short: "integer",
  integer: "integer",
  long: "long",
  float: "float",
  double: "double",
};

export class Shape {
  readonly name: string;
  readonly type: ShapeType;
  readonly model: ShapeModel;
  /** Of a structure, in the model's order. */
  members: readonly Member[] = [];
  /** Those that validation looks at, in its order. */
  checkedMembers: readonly Member[] = [];
  /** Of those, the ones that corrections gave messages of their own. */
  outspokenMembers: readonly Member[] = [];
  readonly byName = new Map<string, Member>();
  readonly byWireName = new Map<string, Member>();
  /** Of a list and of a map. */
  element: Member | undefined;
  key: Member | undefined;
  #storesJson: boolean | undefined;
  #converts: boolean | undefined;
  #constrained: boolean | undefined;

  constructor(name: string, model: ShapeModel) {
    const type = model.document ? "document" : typeNames[model.type];
    if (type === undefined) throw new Error(`shape ${name} has the unknown type ${model.type}`);
    this.name = name;
    this.type = type;
    this.model = model;
  }

  link(service: ServiceModel): void {
    const { members, member, key, value, required } = this.model;
    const isRest = service.metadata.protocol.startsWith("rest-");
    const linked = (name: string, model: MemberModel): Member => ({
      name,
      model,
      shape: service.shape(model.shape),
      required: required?.includes(name) ?? false,
      wireName: model.location === undefined ? (model.locationName ?? name) : name,
      bound: isRest && model.location !== undefined,
    });
    this.members = Object.entries(members ?? {}).map(([name, model]) => linked(name, model));
    for (const each of this.members) {
      this.byName.set(each.name, each);
      if (!each.bound) this.byWireName.set(each.wireName, each);
    }
    const { order } = this.model;
    this.checkedMembers = order
      ? [
          ...order.flatMap((name) => this.byName.get(name) ?? []),
          ...this.members.filter(({ name }) => !order.includes(name)),
        ]
      : this.members;
    this.outspokenMembers = this.checkedMembers.filter(
      (each) => each.model.missing ?? each.model.empty ?? each.model.invalid,
    );
    const element = member ?? value;
    if (element) this.element = linked("member", element);
    if (key) this.key = linked("key", key);
  }

  /** Whether a value may hold `JsonBytes` somewhere. */
  get storesJson(): boolean {
    return (this.#storesJson ??= this.#reaches((shape) => shape.model.storedJson === true));
  }

  /** Whether the typed form differs from the JSON form: blobs, timestamps, renamed members, JSON in strings. */
  get converts(): boolean {
    return (this.#converts ??= this.#reaches(
      (shape) =>
        (shape.type === "blob" && !shape.model.base64Text) ||
        shape.type === "timestamp" ||
        shape.type === "float" ||
        shape.type === "double" ||
        shape.members.some(
          ({ name, wireName, model }) => name !== wireName || model.jsonvalue === true,
        ),
    ));
  }

  /** Whether validation by model has anything to do in a value. */
  get constrained(): boolean {
    return (this.#constrained ??= this.#reaches(
      ({ model }) =>
        (model.required !== undefined && model.required.length > 0) ||
        model.min !== undefined ||
        model.max !== undefined ||
        model.pattern !== undefined ||
        model.enum !== undefined,
    ));
  }

  #reaches(test: (shape: Shape) => boolean): boolean {
    const seen = new Set<Shape>([this]);
    for (const shape of seen) {
      if (test(shape)) return true;
      if (shape.model.verbatim) continue;
      for (const { shape: inner } of shape.members) seen.add(inner);
      if (shape.element) seen.add(shape.element.shape);
      if (shape.key) seen.add(shape.key.shape);
    }
    return false;
  }
}

const loadedServices = new Map<string, ServiceModel>();

/** Loads the model of a service that exists here, once; undefined for any other service. */
export async function loadServiceModel(id: string): Promise<ServiceModel | undefined> {
  const loaded = loadedServices.get(id);
  if (loaded) return loaded;
  if (!Object.hasOwn(shapeTableLoaders, id)) return undefined;
  const table = await shapeTableLoaders[id]?.();
  if (!table) return undefined;
  // Two first requests may come at once: the first to finish decides, so that there is one object a service.
  const model = loadedServices.get(id) ?? new ServiceModel(id, table.default);
  loadedServices.set(id, model);
  return model;
}
