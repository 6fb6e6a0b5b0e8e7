import type { ServiceError } from "#kernel/errors.ts";

/** What a website answers without an error document of its own. As recorded, to the line breaks. */
export function errorPage(
  failure: ServiceError,
  requestId: string,
  ofErrorDocument?: ServiceError,
): string {
  const { status = 400 } = failure;
  const title = `${status} ${titles[status] ?? ""}`;
  const ids = [`RequestId: ${requestId}`, `HostId: ${requestId}`];
  return [
    "<html>",
    `<head><title>${title}</title></head>`,
    "<body>",
    `<h1>${title}</h1>`,
    ...listOf([...linesOf(failure), ...ids]),
    ...(ofErrorDocument === undefined
      ? []
      : [
          "<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>",
          ...listOf(linesOf(ofErrorDocument)),
        ]),
    "<hr/>",
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

const titles: Readonly<Record<number, string>> = {
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  412: "Precondition Failed",
  416: "Requested Range Not Satisfiable",
};

function linesOf({ code, message, members }: ServiceError): string[] {
  return [
    `Code: ${code}`,
    `Message: ${message}`,
    ...Object.entries(members).flatMap(([name, value]) =>
      typeof value === "string" ? [`${name}: ${value}`] : [],
    ),
  ];
}

const listOf = (lines: readonly string[]): string[] => [
  "<ul>",
  ...lines.map((line) => `<li>${escaped(line)}</li>`),
  "</ul>",
];

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
