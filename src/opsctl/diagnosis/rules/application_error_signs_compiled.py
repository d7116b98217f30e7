"""Messages of defects in the program itself: JVM, Go, Rust, .NET, Ruby, PHP, Elixir, C++."""

from opsctl.diagnosis.rule import Sign, Weight

SIGNS_JVM_DOTNET = (
    Sign(
        id="jvm-defect",
        weight=Weight.STRONG,
        needle="exception",
        pattern=r"(?:java|kotlin|scala)\.(?:lang|util)\.(?:NullPointerException|ArrayIndexOutOfBoundsException"
        r"|StringIndexOutOfBoundsException"
        r"|IndexOutOfBoundsException|ClassCastException|ArithmeticException|NoSuchElementException"
        r"|ConcurrentModificationException"
        r"|NegativeArraySizeException|UnsupportedOperationException)|kotlin\.UninitializedPropertyAccessException"
        r"|java\.lang\.StackOverflowError|java\.time\.format\.DateTimeParseException|InputMismatchException",
        source="openjdk/jdk java.base java/lang",
        example='Exception in thread "main" java.lang.NullPointerException: Cannot invoke "String.length()" because '
        '"name" is null',
    ),
    Sign(
        id="jvm-argument-state",
        weight=Weight.MODERATE,
        needle=("illegalargumentexception", "illegalstateexception", "assertionerror"),
        pattern=r"java\.lang\.(?:IllegalArgumentException|IllegalStateException"
        r"|AssertionError)(?!.{0,120}(?:placeholder|jdbc|driver|DataSource|URL|URI))",
        source="openjdk/jdk java.base java/lang",
        example="java.lang.IllegalStateException: batch has no items",
    ),
    Sign(
        id="jvm-uncaught",
        weight=Weight.WEAK,
        needle=("exception in thread", "application run failed"),
        source="openjdk/jdk java.base java/lang/ThreadGroup.java; spring-boot SpringApplication.java",
        example='Exception in thread "main" java.lang.RuntimeException: job failed',
    ),
    Sign(
        id="spring-bean-wiring",
        weight=Weight.MODERATE,
        needle=(
            "nosuchbeandefinitionexception",
            "that could not be found.",
            "the dependencies of some of the beans in the application context form a cycle",
            "beandefinitionoverrideexception",
        ),
        pattern=r"NoSuchBeanDefinitionException"
        r"|required a (?:single )?bean(?: of type)? .{1,200} that could not be found|form a cycle"
        r"|BeanDefinitionOverrideException",
        source="spring-projects/spring-framework spring-beans",
        example="Parameter 0 of constructor in com.example.Job required a bean of type 'com.example.Store' that could "
        "not be found.",
    ),
    Sign(
        id="spring-batch-step",
        weight=Weight.MODERATE,
        needle=("encountered an error executing step", "exited with status: failed", "jobexecutionexception"),
        source="spring-projects/spring-batch spring-batch-core AbstractStep.java",
        example="Encountered an error executing step importStep in job importJob",
    ),
    Sign(
        id="dotnet-defect",
        weight=Weight.STRONG,
        needle="exception",
        pattern=r"System\.(?:NullReferenceException|IndexOutOfRangeException|InvalidCastException"
        r"|ArgumentOutOfRangeException|DivideByZeroException"
        r"|NotImplementedException|StackOverflowException|Collections\.Generic\.KeyNotFoundException"
        r"|NotSupportedException)",
        source="dotnet/runtime System.Private.CoreLib Strings.resx",
        example="Unhandled exception. System.NullReferenceException: Object reference not set to an instance of an "
        "object.",
    ),
    Sign(
        id="dotnet-di",
        weight=Weight.STRONG,
        needle=(
            "unable to resolve service for type",
            "no service for type",
            "some services are not able to be constructed",
        ),
        source="dotnet/runtime Microsoft.Extensions.DependencyInjection Strings.resx",
        example="System.InvalidOperationException: Unable to resolve service for type 'Store' while attempting to "
        "activate 'Job'.",
    ),
    Sign(
        id="dotnet-unhandled",
        weight=Weight.MODERATE,
        needle=("unhandled exception. ", "system.aggregateexception", "hosting failed to start"),
        source="dotnet/runtime src/coreclr/vm/excep.cpp",
        example="Unhandled exception. System.Exception: import failed",
    ),
)

SIGNS_GO_RUST = (
    Sign(
        id="go-panic-runtime",
        weight=Weight.STRONG,
        needle=(
            "panic: runtime error",
            "invalid memory address or nil pointer dereference",
            "fatal error: all goroutines are asleep",
            "fatal error: concurrent map",
            "assignment to entry in nil map",
            "send on closed channel",
            "interface conversion:",
        ),
        source="golang/go src/runtime/panic.go, error.go",
        example="panic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV: "
        "segmentation violation code=0x1]",
    ),
    Sign(
        id="go-panic",
        weight=Weight.MODERATE,
        needle="panic: ",
        pattern=r"^panic: (?!runtime error|.{0,200}(?:dial tcp|no such file|pq: |connect:|environment"
        r"|failed to connect|ERROR: |Error 1\d\d\d|config))",
        source="golang/go src/runtime/panic.go",
        example="panic: unexpected state: closed\n\ngoroutine 1 [running]:\nmain.main()",
    ),
    Sign(
        id="rust-panic",
        weight=Weight.MODERATE,
        needle="panicked at",
        pattern=r"panicked at (?!.{0,300}(?:NotPresent|must be set|Connection refused|ConnectionRefused|NotFound"
        r"|os error|PoolTimedOut|Io\())",
        source="rust-lang/rust library/std/src/panicking.rs",
        example="thread 'main' panicked at src/main.rs:14:9:\nindex out of bounds: the len is 3 but the index is 7",
    ),
    Sign(
        id="rust-index-unwrap",
        weight=Weight.STRONG,
        needle=(
            "index out of bounds: the len is",
            "called `option::unwrap()` on a `none` value",
            "attempt to subtract with overflow",
            "attempt to divide by zero",
            "already borrowed: borrowmuterror",
        ),
        source="rust-lang/rust library/core/src/panicking.rs, option.rs",
        example="called `Option::unwrap()` on a `None` value",
    ),
    Sign(
        id="cpp-terminate",
        weight=Weight.MODERATE,
        needle=(
            "terminate called after throwing an instance of",
            "terminating with uncaught exception",
            "assertion `",
            "assertion failed:",
        ),
        pattern=r"terminate called after throwing|terminating with uncaught exception|Assertion [`'].+' failed",
        unless=r"std::bad_alloc",
        source="gcc libstdc++-v3/libsupc++/vterminate.cc; glibc assert/assert.c",
        example="terminate called after throwing an instance of 'std::out_of_range'",
    ),
)

SIGNS_SCRIPTING = (
    Sign(
        id="ruby-no-method",
        weight=Weight.STRONG,
        needle=(
            "undefined method",
            "undefined local variable or method",
            "wrong number of arguments (given",
            "can't modify frozen",
            "comparison of",
            "no implicit conversion of",
        ),
        pattern=r"undefined method [`'‘]\S+['’] for|undefined local variable or method"
        r"|wrong number of arguments \(given|can't modify frozen"
        r"|no implicit conversion of",
        source="ruby/ruby error.c, vm_eval.c",
        example="undefined method `total' for nil:NilClass (NoMethodError)",
    ),
    Sign(
        id="ruby-uninitialized-constant",
        weight=Weight.MODERATE,
        needle="uninitialized constant",
        source="ruby/ruby variable.c",
        example="uninitialized constant ReportJob (NameError)",
    ),
    Sign(
        id="ruby-zeitwerk-syntax",
        weight=Weight.STRONG,
        needle=("zeitwerk::nameerror", "syntax error, unexpected", "syntax error found"),
        pattern=r"Zeitwerk::NameError|\.rb:\d+: syntax error|PHP Parse error"
        r"|syntax error, unexpected .{1,60} (?:on line|in /|expecting)",
        source="fxn/zeitwerk lib/zeitwerk/loader/callbacks.rb; ruby/ruby parse.y; php/php-src "
        "Zend/zend_language_parser.y",
        example='PHP Parse error:  syntax error, unexpected token "}", expecting ";" in /app/job.php on line 12',
    ),
    Sign(
        id="php-defect",
        weight=Weight.STRONG,
        needle=(
            "call to a member function",
            "uncaught typeerror",
            "uncaught valueerror",
            "uncaught divisionbyzeroerror",
            "call to undefined method",
            "uncaught argumentcounterror",
            "attempt to read property",
            "undefined array key",
            "undefined variable",
        ),
        pattern=r"Call to a member function \w+\(\) on|Uncaught (?:TypeError|ValueError|DivisionByZeroError"
        r"|ArgumentCountError)|Call to undefined method"
        r"|ErrorException.{0,40}(?:Undefined (?:array key|variable)|Attempt to read property)",
        source="php/php-src Zend/zend_execute.c",
        example="PHP Fatal error:  Uncaught Error: Call to a member function save() on null in /app/Import.php:40",
    ),
    Sign(
        id="php-uncaught",
        weight=Weight.WEAK,
        needle=("php fatal error:  uncaught", "fatal error: uncaught"),
        source="php/php-src Zend/zend_exceptions.c",
        example="PHP Fatal error:  Uncaught Exception: import failed in /app/Import.php:12",
    ),
    Sign(
        id="elixir-defect",
        weight=Weight.STRONG,
        needle="** (",
        pattern=r"\*\* \((?:FunctionClauseError|MatchError|CaseClauseError|KeyError|ArithmeticError|BadMapError"
        r"|BadArityError|Enum\.\w+Error"
        r"|Protocol\.UndefinedError|CondClauseError|WithClauseError)\)"
        r"|\(UndefinedFunctionError\) function \S+ is undefined or private",
        source="elixir-lang/elixir lib/elixir/lib/exception.ex",
        example="** (MatchError) no match of right hand side value: {:error, :empty}",
    ),
    Sign(
        id="shell-syntax",
        weight=Weight.STRONG,
        needle=(
            "unary operator expected",
            "binary operator expected",
            "integer expression expected",
            "syntax error near unexpected token",
            "syntax error: ",
            "unexpected eof while looking for matching",
            "bad substitution",
            "[: too many arguments",
            "unknown operand",
            "division by 0",
        ),
        pattern=r"(?:\bline |: )\d+: .{0,120}(?:(?:unary|binary) operator expected|integer expression expected"
        r"|syntax error near unexpected token|[Ss]yntax error: |unexpected EOF while looking for matching"
        r"|[Bb]ad substitution|\[: too many arguments|unknown operand|division by 0)",
        unless=r"\.sql|ERROR:  syntax|\r|\^M",
        source="bash test.c, parse.y, subst.c; dash src/parser.c; BusyBox coreutils/test.c",
        example="scripts/0.sh: line 58: [: -gt: unary operator expected",
    ),
)
