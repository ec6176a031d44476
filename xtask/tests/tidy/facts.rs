//! What does one Rust file contain, as far as the rules ask?
//!
//! The syntax tree is walked once and dropped; what is kept is plain data with line numbers.
//! Bodies of macros are read as words only, not as functions.

use std::ops::RangeInclusive;

use proc_macro2::{Spacing, TokenStream, TokenTree};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{
    Attribute, Block, ExprMatch, FnArg, GenericArgument, Ident, ImplItemFn, Item, ItemFn, ItemImpl,
    Meta, Pat, PathArguments, PathSegment, Signature, TraitItemFn, Type, UseTree, Visibility,
};

/// One `fn` with a body.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// The line of the signature, after attributes and documentation.
    pub(crate) line: usize,
    /// From the signature to the closing brace.
    pub(crate) lines: usize,
    /// `self` included.
    pub(crate) parameters: usize,
    /// Parameters of type `bool`.
    pub(crate) bools: usize,
}

/// Something that is given a name: a type, a trait, a module.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) line: usize,
    /// For a struct, how many fields; for others 0.
    pub(crate) fields: usize,
    /// A module, whose name is a file's.
    pub(crate) is_module: bool,
}

/// `a::b::c`, or one word alone, wherever it stands outside comments and strings.
#[derive(Debug)]
pub(crate) struct PathUse {
    pub(crate) segments: Vec<String>,
    pub(crate) line: usize,
    /// Flattened from a `use`.
    pub(crate) import: bool,
    /// The name under which a `pub use` passes it on.
    pub(crate) export: Option<String>,
    /// Followed by `!`.
    pub(crate) is_macro: bool,
}

/// A trait, or an implementation of one.
#[derive(Debug)]
pub(crate) struct TraitUse {
    pub(crate) name: String,
    pub(crate) line: usize,
}

/// What the rules ask of one file.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// `no_std`, `forbid(unsafe_code)`: the file's own attributes, without spaces.
    pub(crate) inner_attributes: Vec<String>,
    pub(crate) functions: Vec<Function>,
    pub(crate) named: Vec<Named>,
    pub(crate) paths: Vec<PathUse>,
    /// Lines of number literals with a fraction or an exponent.
    pub(crate) float_literals: Vec<usize>,
    pub(crate) traits: Vec<TraitUse>,
    pub(crate) implementations: Vec<TraitUse>,
    /// Lines of items behind `#[cfg(test)]` or `#[test]`.
    pub(crate) test_ranges: Vec<RangeInclusive<usize>>,
    /// Names of `#[cfg(test)] mod name;`.
    pub(crate) test_modules: Vec<String>,
    /// Lines where an item of the program follows a test module with a body.
    pub(crate) after_tests: Vec<usize>,
    /// Lines of catch-all arms in a match that names variants of `State`.
    pub(crate) wild_states: Vec<usize>,
    /// Lines of `dyn` right inside a `Box<…>`.
    pub(crate) boxed_dyn: Vec<usize>,
}

/// Reads a file; one that is not Rust fails loudly.
pub(crate) fn read(path: &str, text: &str) -> Facts {
    let tokens: TokenStream = text.parse().unwrap_or_else(|e| panic!("{path}: {e}"));
    let file = syn::parse2::<syn::File>(tokens.clone())
        .unwrap_or_else(|e| panic!("{path}:{}: {e}", e.span().start().line));
    let mut facts = Facts {
        inner_attributes: file.attrs.iter().map(|a| spaceless(&a.meta)).collect(),
        after_tests: items_after_tests(&file),
        ..Facts::default()
    };
    facts.visit_file(&file);
    let mut words = Words { facts: &mut facts, path: Vec::new(), line: 0, glue: false, dot: false };
    words.read(tokens);
    words.finish(false);
    facts
}

/// `no_std`, `cfg(test)`, without spaces.
fn spaceless(meta: &Meta) -> String {
    let path = |path: &syn::Path| {
        path.segments.iter().map(|s| s.ident.to_string()).collect::<Vec<_>>().join("::")
    };
    match meta {
        Meta::List(list) => {
            let inside = list.tokens.to_string().replace(char::is_whitespace, "");
            format!("{}({inside})", path(&list.path))
        }
        other => path(other.path()),
    }
}

/// `#[test]`, `#[tokio::test]`, `#[cfg(test)]`, `#[cfg(all(test, …))]`.
fn for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let meta = spaceless(&attribute.meta);
        let word = |word: &str| word == "test";
        meta.split("::").last().is_some_and(|last| last == "test" || last.starts_with("test("))
            || (meta.starts_with("cfg(")
                && !meta.contains("not(test")
                && meta.split(|c: char| !c.is_alphanumeric() && c != '_').any(word))
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(it) => &it.attrs,
        Item::Enum(it) => &it.attrs,
        Item::ExternCrate(it) => &it.attrs,
        Item::Fn(it) => &it.attrs,
        Item::Impl(it) => &it.attrs,
        Item::Macro(it) => &it.attrs,
        Item::Mod(it) => &it.attrs,
        Item::Static(it) => &it.attrs,
        Item::Struct(it) => &it.attrs,
        Item::Trait(it) => &it.attrs,
        Item::Type(it) => &it.attrs,
        Item::Use(it) => &it.attrs,
        _ => &[],
    }
}

fn items_after_tests(file: &syn::File) -> Vec<usize> {
    let is_test_body =
        |item: &Item| matches!(item, Item::Mod(it) if it.content.is_some() && for_tests(&it.attrs));
    let after = file.items.iter().skip_while(|item| !is_test_body(item));
    after.filter(|i| !for_tests(attributes(i))).map(|i| i.span().start().line).collect()
}

impl Facts {
    fn function(&mut self, signature: &Signature, block: &Block) {
        let line = signature.span().start().line;
        let end = block.brace_token.span.close().end().line;
        let bools = signature.inputs.iter().filter(|arg| is_bool(arg)).count();
        self.functions.push(Function {
            name: signature.ident.to_string(),
            line,
            lines: end - line + 1,
            // A function of C has the parameters that C gives it.
            parameters: if signature.abi.is_some() { 0 } else { signature.inputs.len() },
            bools,
        });
    }

    fn name(&mut self, ident: &Ident, fields: usize, is_module: bool) {
        let line = ident.span().start().line;
        self.named.push(Named { name: ident.to_string(), line, fields, is_module });
    }

    fn import(&mut self, tree: &UseTree, prefix: &mut Vec<String>, public: bool) {
        let (ident, alias) = match tree {
            UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.import(&path.tree, prefix, public);
                prefix.pop();
                return;
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, prefix, public);
                }
                return;
            }
            UseTree::Name(name) => (Some(&name.ident), &name.ident),
            UseTree::Rename(rename) => (Some(&rename.ident), &rename.rename),
            _ => return self.push_import(prefix.clone(), tree.span().start().line, None),
        };
        let mut segments = prefix.clone();
        segments.extend(ident.filter(|i| *i != "self").map(ToString::to_string));
        self.push_import(segments, alias.span().start().line, public.then(|| alias.to_string()));
    }

    fn push_import(&mut self, segments: Vec<String>, line: usize, export: Option<String>) {
        self.paths.push(PathUse { segments, line, import: true, export, is_macro: false });
    }
}

fn is_bool(argument: &FnArg) -> bool {
    let FnArg::Typed(typed) = argument else { return false };
    matches!(&*typed.ty, Type::Path(path) if path.path.is_ident("bool"))
}

impl<'ast> Visit<'ast> for Facts {
    fn visit_item(&mut self, item: &'ast Item) {
        if for_tests(attributes(item)) {
            self.test_ranges.push(item.span().start().line..=item.span().end().line);
        }
        match item {
            Item::Mod(it) => {
                self.name(&it.ident, 0, true);
                if it.content.is_none() && for_tests(&it.attrs) {
                    self.test_modules.push(it.ident.to_string());
                }
            }
            Item::Struct(it) => self.name(&it.ident, it.fields.len(), false),
            Item::Enum(it) => self.name(&it.ident, 0, false),
            Item::Type(it) => self.name(&it.ident, 0, false),
            Item::Trait(it) => {
                self.name(&it.ident, 0, false);
                let line = it.ident.span().start().line;
                self.traits.push(TraitUse { name: it.ident.to_string(), line });
            }
            Item::Use(it) => {
                let public = !matches!(it.vis, Visibility::Inherited);
                self.import(&it.tree, &mut Vec::new(), public);
            }
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        if let Some((path, _)) = &item.trait_ {
            let name = path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default();
            self.implementations.push(TraitUse { name, line: path.span().start().line });
        }
        visit::visit_item_impl(self, item);
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_expr_match(&mut self, expr: &'ast ExprMatch) {
        if expr.arms.iter().any(|arm| names_a_state(&arm.pat)) {
            let wild = expr.arms.iter().filter(|arm| catches_all(&arm.pat));
            self.wild_states.extend(wild.map(|arm| arm.pat.span().start().line));
        }
        visit::visit_expr_match(self, expr);
    }

    fn visit_path_segment(&mut self, segment: &'ast PathSegment) {
        if let PathArguments::AngleBracketed(list) = &segment.arguments {
            let inner = list.args.first();
            let is_dyn = matches!(inner, Some(GenericArgument::Type(Type::TraitObject(_))));
            if segment.ident == "Box" && is_dyn {
                self.boxed_dyn.push(segment.span().start().line);
            }
        }
        visit::visit_path_segment(self, segment);
    }
}

/// Does the pattern name `State::…` anywhere?
fn names_a_state(pattern: &Pat) -> bool {
    struct Finder(bool);
    impl<'ast> Visit<'ast> for Finder {
        fn visit_path(&mut self, path: &'ast syn::Path) {
            let of_state = path.segments.iter().rev().nth(1).is_some_and(|s| s.ident == "State");
            self.0 |= of_state;
        }
    }
    let mut finder = Finder(false);
    finder.visit_pat(pattern);
    finder.0
}

fn catches_all(pattern: &Pat) -> bool {
    match pattern {
        Pat::Wild(_) => true,
        Pat::Ident(ident) => {
            let name = ident.ident.to_string();
            ident.subpat.is_none() && name.starts_with(|c: char| c.is_ascii_lowercase())
        }
        _ => false,
    }
}

/// Walks the words of a file, those inside macros too, and joins `a :: b` to paths.
struct Words<'a> {
    facts: &'a mut Facts,
    path: Vec<String>,
    line: usize,
    /// The last thing seen was `::`.
    glue: bool,
    /// The last thing seen was `.`, so that `0.1` after it is two fields and no number.
    dot: bool,
}

impl Words<'_> {
    fn read(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            let after_dot = std::mem::take(&mut self.dot);
            match token {
                TokenTree::Ident(ident) => self.word(&ident),
                TokenTree::Punct(p) if p.as_char() == ':' && p.spacing() == Spacing::Joint => {
                    tokens.next();
                    self.glue = true;
                }
                TokenTree::Punct(punct) => {
                    self.finish(punct.as_char() == '!');
                    self.dot = punct.as_char() == '.';
                }
                TokenTree::Literal(literal) => {
                    let is_float = matches!(syn::Lit::new(literal.clone()), syn::Lit::Float(_));
                    if is_float && !after_dot {
                        self.facts.float_literals.push(literal.span().start().line);
                    }
                    self.finish(false);
                }
                TokenTree::Group(group) => {
                    self.finish(false);
                    self.read(group.stream());
                    self.finish(false);
                }
            }
        }
    }

    fn word(&mut self, ident: &Ident) {
        if !self.glue {
            self.finish(false);
        }
        self.line = ident.span().start().line;
        self.path.push(ident.to_string());
        self.glue = false;
    }

    /// The path, if one was being read, is complete.
    fn finish(&mut self, is_macro: bool) {
        self.glue = false;
        let segments = std::mem::take(&mut self.path);
        if !segments.is_empty() {
            let line = self.line;
            let path = PathUse { segments, line, import: false, export: None, is_macro };
            self.facts.paths.push(path);
        }
    }
}

#[test]
fn a_function_is_measured_from_its_signature_to_its_brace() {
    let facts = read("x.rs", "/// Doc.\n#[inline]\npub fn a(\n    &self, b: bool,\n) {\n}\n");
    let function = &facts.functions[0];
    assert_eq!((function.line, function.lines), (3, 4));
    assert_eq!((function.parameters, function.bools), (2, 1));
}

#[test]
fn a_path_is_seen_in_a_use_a_body_and_a_macro() {
    let facts = read("x.rs", "use std::{fmt, time::Instant};\nfn f() { p!(a::b, std::time::X) }");
    let seen: Vec<String> = facts.paths.iter().map(|p| p.segments.join("::")).collect();
    for path in ["std::time::Instant", "std::fmt", "a::b", "std::time::X"] {
        assert!(seen.iter().any(|s| s == path), "{path} in {seen:?}");
    }
}

#[test]
fn a_word_in_a_string_or_a_comment_is_not_seen() {
    let facts = read("x.rs", "// unsafe\n/// tokio\nconst A: &str = \"SystemTime\";");
    let seen: Vec<&String> = facts.paths.iter().flat_map(|p| &p.segments).collect();
    assert!(!seen.iter().any(|s| ["unsafe", "tokio", "SystemTime"].contains(&s.as_str())));
}

#[test]
fn a_fraction_is_a_float_and_a_field_of_a_field_is_none() {
    let facts = read("x.rs", "fn f() {\n let a = b.0.1;\n let c = 1.5;\n let d = 1e3;\n}");
    assert_eq!(facts.float_literals, [3, 4]);
}

#[test]
fn what_only_tests_compile_is_told_apart() {
    let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n fn b() {}\n}\n\
        #[cfg(not(test))]\nfn c() {}\n#[cfg(all(test, unix))]\nmod far;\n#[test]\nfn d() {}\n";
    let facts = read("x.rs", text);
    assert_eq!(facts.test_ranges, [2..=5, 8..=9, 10..=11]);
    assert_eq!(facts.test_modules, ["far"]);
    assert_eq!(facts.after_tests, [6]);
}
